/*
 * Does an answer keep what api/openapi.json promises? A validator for the part of JSON Schema that
 * the contract uses; a keyword it does not know is an error, so that nothing passes unread.
 */
import fs from 'node:fs';

const contract = JSON.parse(
    fs.readFileSync(new URL('../../api/openapi.json', import.meta.url), 'utf8'),
);

const silent = new Set(['description', 'examples', 'default', 'summary', 'maxLength', 'pattern']);
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

function type_of(value) {
    if (value === null) {
        return 'null';
    }
    if (Array.isArray(value)) {
        return 'array';
    }
    return Number.isInteger(value) ? 'integer' : typeof value;
}

const is_type = (wanted, value) =>
    wanted === type_of(value) || (wanted === 'number' && type_of(value) === 'integer');

function resolve(reference) {
    return reference
        .slice(2)
        .split('/')
        .reduce((node, name) => node[name], contract);
}

const keywords = {
    $ref: (reference, value, at) => faults(resolve(reference), value, at),
    type: (types, value, at) =>
        [types].flat().some((type) => is_type(type, value))
            ? []
            : [`${at} is ${type_of(value)}, not ${[types].flat().join(' or ')}`],
    enum: (values, value, at) =>
        values.includes(value) ? [] : [`${at} is '${value}', not one of ${values}`],
    const: (wanted, value, at) =>
        value === wanted ? [] : [`${at} is '${value}', not '${wanted}'`],
    minimum: (least, value, at) =>
        typeof value !== 'number' || value >= least ? [] : [`${at} is below ${least}`],
    maximum: (most, value, at) =>
        typeof value !== 'number' || value <= most ? [] : [`${at} is above ${most}`],
    format: (format, value, at) =>
        format !== 'date-time' || value === null || instant.test(value)
            ? []
            : [`${at} is no instant in UTC: '${value}'`],
    required: (names, value, at) =>
        type_of(value) === 'object'
            ? names.filter((name) => !(name in value)).map((name) => `${at}.${name} is missing`)
            : [],
    properties: (schemas, value, at) =>
        type_of(value) === 'object'
            ? Object.entries(schemas).flatMap(([name, schema]) =>
                  name in value ? faults(schema, value[name], `${at}.${name}`) : [],
              )
            : [],
    additionalProperties: () => [],
    items: (schema, value, at) =>
        Array.isArray(value)
            ? value.flatMap((item, index) => faults(schema, item, `${at}[${index}]`))
            : [],
    allOf: (schemas, value, at) => schemas.flatMap((schema) => faults(schema, value, at)),
    anyOf: (schemas, value, at) => {
        const each = schemas.map((schema) => faults(schema, value, at));
        return each.some((found) => found.length === 0) ? [] : each[0];
    },
};

function faults(schema, value, at) {
    return Object.entries(schema).flatMap(([keyword, argument]) => {
        if (silent.has(keyword)) {
            return [];
        }
        if (!(keyword in keywords)) {
            throw new Error(`contract.mjs does not know the keyword '${keyword}'`);
        }
        return keywords[keyword](argument, value, at);
    });
}

/* What is wrong with the JSON answer to `method path` (as written in the contract); [] when nothing. */
export function answer_faults(method, path, status, body) {
    const responses = contract.paths[path]?.[method.toLowerCase()]?.responses ?? {};
    const named = responses[status];
    if (named === undefined) {
        return [`${method} ${path} may not answer ${status}`];
    }
    const response = named.$ref === undefined ? named : resolve(named.$ref);
    const content = response.content ?? {};
    const schema =
        (content['application/json'] ?? content['application/problem+json'])?.schema ?? {};
    return faults(schema, body, 'answer');
}

/*
 * Turns the built dashboard into C: ../build/web/assets.c (the table http_assets of http/http.h) and
 * assets.S, which takes the compressed files into read-only memory. Every file is stored twice, as
 * gzip and as Brotli; what does not shrink by Brotli keeps an empty Brotli part.
 * The same input yields the same bytes, and a file that would not change is not touched, so that a
 * second build compiles nothing. assets.S names each content's hash: new content, new object.
 *
 *   node embed.mjs [--from DIR] [--to DIR]
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import zlib from 'node:zlib';

const here = path.dirname(fileURLToPath(import.meta.url));
const built = path.join(here, '..', 'build', 'web');

const types = {
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.css': 'text/css; charset=utf-8',
    '.svg': 'image/svg+xml',
    '.json': 'application/json',
    '.png': 'image/png',
    '.ico': 'image/x-icon',
    '.txt': 'text/plain; charset=utf-8',
    '.woff2': 'font/woff2',
    '.webmanifest': 'application/manifest+json',
};

function files_below(folder) {
    return fs
        .readdirSync(folder, { withFileTypes: true })
        .flatMap((entry) => {
            const name = path.join(folder, entry.name);
            return entry.isDirectory() ? files_below(name) : [name];
        })
        .sort();
}

function gzip(content) {
    const packed = zlib.gzipSync(content, { level: 9 });
    packed[9] = 255; /* The operating system that packed it: unknown, the same everywhere. */
    return packed;
}

function brotli(content, largest) {
    const packed = zlib.brotliCompressSync(content, {
        params: {
            [zlib.constants.BROTLI_PARAM_QUALITY]: 11,
            [zlib.constants.BROTLI_PARAM_LGWIN]: 22,
            [zlib.constants.BROTLI_PARAM_SIZE_HINT]: content.length,
        },
    });
    return packed.length < largest ? packed : Buffer.alloc(0);
}

function asset_of(file, name) {
    const content = fs.readFileSync(file);
    const type = types[path.extname(file)];
    if (type === undefined) {
        throw new Error(`${name}: no content type is known for '${path.extname(file)}'`);
    }
    const packed = gzip(content);
    return {
        name,
        type,
        size: content.length,
        hash: createHash('sha256').update(content).digest('hex'),
        gzip: packed,
        brotli: brotli(content, packed.length),
        /* Vite puts only what it gave a hashed name below assets/. */
        isImmutable: name.startsWith('/assets/'),
    };
}

/* A C string's inside. Names come from our own tree, yet a quote must not end them. */
const quoted = (text) => `"${text.replace(/[\\"]/g, '\\$&')}"`;

function table_of(assets) {
    const rows = assets.map(
        (asset, index) => `    { .path = ${quoted(asset.name)},
      .content_type = ${quoted(asset.type)},
      .etag = ${quoted(asset.hash.slice(0, 32))},
      .gzip = asset_${index}_gzip,
      .gzip_end = asset_${index}_gzip_end,
      .brotli = asset_${index}_brotli,
      .brotli_end = asset_${index}_brotli_end,
      .is_immutable = ${asset.isImmutable} },`,
    );
    const names = assets.flatMap((_, index) =>
        ['gzip', 'gzip_end', 'brotli', 'brotli_end'].map(
            (part) => `extern const uint8_t asset_${index}_${part}[];`,
        ),
    );
    return `/* Made by web/embed.mjs: the dashboard, compressed. */
#include "http/http.h"

${names.join('\n')}

extern const struct http_asset http_assets[];
extern const size_t http_asset_count;

const struct http_asset http_assets[] = {
${rows.join('\n')}
};
const size_t http_asset_count = sizeof http_assets / sizeof http_assets[0];
`;
}

function assembly_of(assets, folder) {
    const part = (index, kind, file, size) => `    .globl asset_${index}_${kind}
    .globl asset_${index}_${kind}_end
asset_${index}_${kind}:
${size > 0 ? `    .incbin ${quoted(path.join(folder, file))}\n` : ''}asset_${index}_${kind}_end:
    .byte 0
`;
    const body = assets.map(
        (asset, index) => `/* ${asset.name} ${asset.hash} */
${part(index, 'gzip', asset.files.gzip, asset.gzip.length)}${part(index, 'brotli', asset.files.brotli, asset.brotli.length)}`,
    );
    return `/* Made by web/embed.mjs. */
    .section .rodata
${body.join('\n')}
    .section .note.GNU-stack, "", %progbits
`;
}

function write_if_new(file, content) {
    const bytes = Buffer.from(content);
    if (fs.existsSync(file) && fs.readFileSync(file).equals(bytes)) {
        return false;
    }
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(`${file}.new`, bytes);
    fs.renameSync(`${file}.new`, file);
    return true;
}

const { values } = parseArgs({ options: { from: { type: 'string' }, to: { type: 'string' } } });
const from = path.resolve(values.from ?? path.join(built, 'dist'));
const to = path.resolve(values.to ?? built);
const packed = path.join(to, 'packed');

const assets = files_below(from).map((file) =>
    asset_of(file, '/' + path.relative(from, file).split(path.sep).join('/')),
);
if (!assets.some((asset) => asset.name === '/index.html')) {
    throw new Error(`${from}: no index.html; run the build first`);
}
let written = 0;
const kept = new Set();
for (const [index, asset] of assets.entries()) {
    asset.files = { gzip: `${index}.gz`, brotli: `${index}.br` };
    for (const kind of ['gzip', 'brotli']) {
        kept.add(asset.files[kind]);
        written += write_if_new(path.join(packed, asset.files[kind]), asset[kind]);
    }
}
for (const name of fs.readdirSync(packed)) {
    if (!kept.has(name)) {
        fs.rmSync(path.join(packed, name));
    }
}
written += write_if_new(path.join(to, 'assets.c'), table_of(assets));
written += write_if_new(path.join(to, 'assets.S'), assembly_of(assets, packed));

const sum = (pick) => assets.reduce((total, asset) => total + pick(asset), 0);
const script = sum((asset) =>
    asset.name.endsWith('.js') ? asset.brotli.length || asset.gzip.length : 0,
);
console.log(
    `${assets.length} assets, ${sum((asset) => asset.size)} bytes, ` +
        `${sum((asset) => asset.brotli.length || asset.gzip.length)} in Brotli ` +
        `(scripts ${script}); ${written === 0 ? 'nothing changed' : `${written} files written`}`,
);

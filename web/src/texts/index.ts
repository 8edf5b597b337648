/* The catalogue in use. A choice of language would be made here, once, at the start. */
import { en, type Texts } from './en';

export const texts: Texts = en;

/* A code that the catalogue does not know yet, made readable: "some_code" is "Some code". */
export function spoken(code: string | null): string {
    const text = (code ?? '').replace(/[_-]+/g, ' ').trim();
    return text.charAt(0).toUpperCase() + text.slice(1);
}

export const reasonTitle = (code: string): string => texts.reasons[code] ?? spoken(code);

/*
 * How the dashboard is bundled: one script, one style sheet, names that hold their hash, no inline
 * anything (the Content-Security-Policy forbids it).
 */
import { defineConfig } from 'vite';

export default defineConfig({
    base: '/',
    build: {
        outDir: '../build/web/dist',
        emptyOutDir: true,
        target: 'es2021',
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        reportCompressedSize: false,
    },
    esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
    server: { proxy: { '/api': process.env.API ?? 'http://127.0.0.1:8090' } },
});

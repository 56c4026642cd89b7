// Lint holds the pages' code to the browsers that package.json names; style is the formatter's
// and the reviewer's business, types are vue-tsc's.
import parser from '@typescript-eslint/parser'
import vueParser from 'vue-eslint-parser'
import noNewerApi from './lint/no-newer-api.js'

const typed = { projectService: true, extraFileExtensions: ['.vue'], tsconfigRootDir: import.meta.dirname }

export default [
  { ignores: ['dist/**', 'e2e/**', 'lint/**', '*.config.*'] },
  {
    files: ['client/src/**/*.ts', 'src/**/*.ts', 'src/**/*.vue'],
    plugins: { mstm: { rules: { 'no-newer-api': noNewerApi } } },
    rules: { 'mstm/no-newer-api': 'error' },
  },
  { files: ['client/**/*.ts', 'src/**/*.ts'], languageOptions: { parser, parserOptions: typed } },
  { files: ['src/**/*.vue'], languageOptions: { parser: vueParser, parserOptions: { parser, ...typed } } },
]

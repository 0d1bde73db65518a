import js from '@eslint/js'
import prettier from 'eslint-config-prettier'
import importX from 'eslint-plugin-import-x'
import tseslint from 'typescript-eslint'

const TESTS = ['**/*.test.ts', '**/test/**/*.ts', 'test/**/*.ts', 'packages/testing/**/*.ts']

/** Which folder may not reach where; `test/boundaries.test.ts` holds the same line for libraries. */
const WALLS = [
  { group: ['@lexcustis/*/src/*', '@lexcustis/*/dist/*'], message: 'use what the package exports' },
  { group: ['**/services/*'], message: 'services talk over gRPC, never by import' },
]

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', 'packages/proto/src/gen/**', '.lexcustis/**'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    plugins: { 'import-x': importX },
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.check.json', './packages/evidence/browser/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-depth': ['error', 3],
      complexity: ['error', 10],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' },
      ],
      'no-restricted-imports': ['error', { patterns: WALLS }],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'only config.ts reads the environment' },
      ],
      'import-x/no-default-export': 'error',
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      eqeqeq: 'error',
    },
  },
  {
    // Rules of a service stay free of drivers and transports: adapters and handlers hold those.
    files: ['services/*/src/domain/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            ...WALLS,
            {
              group: [
                '@lexcustis/rpc',
                '@lexcustis/postgres',
                '@lexcustis/proto',
                'pg',
                'fastify',
                '@grpc/*',
                'openai',
                'ioredis',
                '@lancedb/*',
              ],
              message: 'domain imports core, evidence and itself',
            },
            {
              group: ['**/adapters/*', '**/handlers/*'],
              message: 'domain does not know its edges',
            },
          ],
        },
      ],
    },
  },
  {
    files: [
      '**/config.ts',
      '**/main.ts',
      'packages/runtime/src/run-service.ts',
      ...TESTS,
      'bench/**/*.ts',
      'vitest.config.ts',
    ],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['vitest.config.ts', '**/*.config.js'],
    rules: { 'import-x/no-default-export': 'off' },
  },
  {
    files: TESTS,
    rules: {
      'max-lines': 'off',
      complexity: 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      'import-x/no-cycle': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        fetch: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        AbortController: 'readonly',
        AbortSignal: 'readonly',
      },
    },
  },
  prettier,
)

import module, { syncBuiltinESMExports } from 'node:module';

/*
 * Loaded before tap in the process of each test file (.taprc). tap asks for a thread with module hooks through which
 * all modules go, because it measures coverage with them. Where none is measured that is in vain: a test file of a
 * single assertion takes 0.4 s of processor time, and 0.7 s with the hooks.
 */

// It names this file, and programs that a test starts have nothing to do with it.
delete process.env.NODE_OPTIONS;

if (process.env._TAPJS_PROCESSINFO_COVERAGE_ === '0') {
  module.register = () => undefined;
  syncBuiltinESMExports();
}

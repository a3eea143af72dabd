import { writeFileSync } from 'node:fs';
import { type HeapProfiler, Session } from 'node:inspector';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';

/*
 * Loaded by `--import` into every thread of a program under test: samples all that it allocates, what is collected
 * again included, and writes the profile to TEST_ALLOCATIONS_FOLDER when the thread ends.
 */
const folder = process.env.TEST_ALLOCATIONS_FOLDER;
if (folder === undefined) throw new Error('TEST_ALLOCATIONS_FOLDER says where the profiles go');
const session = new Session();
session.connect();
session.post('HeapProfiler.startSampling', {
  samplingInterval: 32_768,
  includeObjectsCollectedByMinorGC: true,
  includeObjectsCollectedByMajorGC: true,
} as HeapProfiler.StartSamplingParameterType);
process.on('exit', () => {
  session.post('HeapProfiler.stopSampling', (error, answer) => {
    if (error !== null) throw error;
    writeFileSync(join(folder, `${threadId}.json`), JSON.stringify(answer.profile));
  });
});

/** Prints the software bill of materials of what UPE is at run time: CycloneDX, as JSON. */
import { runTimeBillOfMaterials } from './sbom.js';

process.stdout.write(`${JSON.stringify(runTimeBillOfMaterials(), null, 2)}\n`);

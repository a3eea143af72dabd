/** The collectors that prom-client itself assembles into `collectDefaultMetrics`; it ships no types for them. */
declare module 'prom-client/lib/metrics/*.js' {
  import type { Registry, RegistryContentType } from 'prom-client';

  const collect: <ContentType extends RegistryContentType>(registry: Registry<ContentType>) => void;
  export default collect;
}

/** Apart from the package's index, which loads all that it can do. */
declare module 'prom-client/lib/registry.js' {
  import { Registry } from 'prom-client';

  export default Registry;
}

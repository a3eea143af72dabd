/** The collectors that prom-client itself assembles into `collectDefaultMetrics`; it ships no types for them. */
declare module 'prom-client/lib/metrics/*.js' {
  import type { Registry, RegistryContentType } from 'prom-client';

  const collect: <ContentType extends RegistryContentType>(registry: Registry<ContentType>) => void;
  export default collect;
}

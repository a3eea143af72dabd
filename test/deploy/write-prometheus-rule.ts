import { writeFileSync } from 'node:fs';
import { PROMETHEUS_RULE_FILE, prometheusRuleText } from '../support/prometheus-rule-manifest.js';

// A program: run it when deploy/prometheus/rules has changed. test/deploy/kubernetes.test.ts tells when not.
writeFileSync(PROMETHEUS_RULE_FILE, prometheusRuleText());

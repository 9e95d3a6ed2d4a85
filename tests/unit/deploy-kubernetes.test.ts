/**
 * infra/k8s against what the code expects: roles, settings, ports, probes, hardening, and that objects name each other
 * rightly. No cluster is needed, and none has seen these files.
 */
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Config, Environment, loadConfig } from '../../shared/config.ts';
import { imageProblems, METRICS_PORT, parseYaml, plant, ROLES, ROOT, read, unknownSettings } from './deploy-files.ts';

const Probe = z.object({ httpGet: z.object({ path: z.string(), port: z.string() }) }).loose();
const Container = z.looseObject({
  image: z.string(),
  args: z.array(z.string()),
  env: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
  envFrom: z.unknown(),
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() })).default([]),
  startupProbe: Probe.optional(),
  livenessProbe: Probe.optional(),
  readinessProbe: Probe.optional(),
  resources: z.unknown(),
  securityContext: z.unknown(),
  volumeMounts: z.unknown(),
});
type Container = z.infer<typeof Container>;
const Pod = z.looseObject({ containers: z.tuple([Container]), securityContext: z.looseObject({}).default({}) });
const Labels = z.record(z.string(), z.string());
const Template = z.object({ metadata: z.object({ labels: Labels }), spec: Pod });
const K8sObject = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
  spec: z.looseObject({}).default({}),
  data: Labels.optional(),
  stringData: Labels.optional(),
});
type K8sObject = z.infer<typeof K8sObject>;

const FILES = readdirSync(new URL('infra/k8s/', ROOT)).filter((file) => file.endsWith('.yaml'));
const text = FILES.map((file) => read(`infra/k8s/${file}`)).join('\n---\n');
const ENV_FROM = '[{"configMapRef":{"name":"sada"}},{"secretRef":{"name":"sada"}}]';

function kubernetesProblems(source: string): string[] {
  const objects = parseYaml(source).map((document) => K8sObject.parse(document));
  const of = (kind: string) => objects.filter((object) => object.kind === kind);
  const settings = { ...of('ConfigMap')[0]?.data, ...of('Secret')[0]?.stringData };
  const names = [...of('Deployment'), ...of('Job')].map(({ metadata }) => metadata.name);
  return [
    ...unknownSettings(Object.keys(settings)),
    ...(names.sort().join() === 'api,migrate,scheduler,worker' ? [] : [`workloads: ${names}`]),
    ...objects
      .filter(({ kind, metadata }) => kind !== 'Namespace' && metadata.namespace !== of('Namespace')[0]?.metadata.name)
      .map(({ kind, metadata }) => `${kind} ${metadata.name}: namespace`),
    ...[...of('Deployment'), ...of('Job')].flatMap((object) => workloadProblems(object, settings)),
    ...referenceProblems(of),
  ];
}

function workloadProblems({ kind, metadata: { name }, spec }: K8sObject, settings: Record<string, string>): string[] {
  const template = Template.parse(spec.template);
  const [container] = template.spec.containers;
  const own = Object.fromEntries(container.env.map((variable) => [variable.name, variable.value]));
  const filled = Object.entries({ ...settings, ...own }).map(([key, value]) => [
    key,
    value.replace('REPLACE_ME', 'x'.repeat(40)),
  ]);
  const selector = z.object({ matchLabels: Labels }).safeParse(spec.selector).data?.matchLabels;
  return [
    ...imageProblems(container.image),
    ...unknownSettings(Object.keys(own)),
    ...podProblems(name, template.spec, container),
    ...(container.args.join() === name && ROLES.includes(name) ? [] : [`${name}: starts ${container.args}`]),
    ...(kind === 'Deployment' && JSON.stringify(selector) !== `{"app.kubernetes.io/name":"${name}"}`
      ? [`${name}: selector`]
      : []),
    ...(template.metadata.labels['app.kubernetes.io/name'] === name ? [] : [`${name}: labels`]),
    ...(kind === 'Deployment' ? portProblems(name, container, loadConfig(Object.fromEntries(filled))) : []),
  ];
}

function podProblems(name: string, pod: z.infer<typeof Pod>, container: Container): string[] {
  const { runAsNonRoot, runAsUser, seccompProfile } = pod.securityContext;
  const hardened = '{"allowPrivilegeEscalation":false,"readOnlyRootFilesystem":true,"capabilities":{"drop":["ALL"]}}';
  const Resources = z.object({
    requests: z.object({ cpu: z.string(), memory: z.string() }),
    limits: z.object({ memory: z.string() }),
  });
  const wrong = {
    runAsNonRoot: runAsNonRoot !== true || runAsUser !== 1000,
    seccompProfile: JSON.stringify(seccompProfile) !== '{"type":"RuntimeDefault"}',
    'container securityContext': JSON.stringify(container.securityContext) !== hardened,
    automountServiceAccountToken: pod.automountServiceAccountToken !== false,
    // A Service named sada would set SADA_PORT to a URL in every pod.
    enableServiceLinks: pod.enableServiceLinks !== false,
    envFrom: JSON.stringify(container.envFrom) !== ENV_FROM,
    'tmp volume': JSON.stringify(container.volumeMounts) !== '[{"name":"tmp","mountPath":"/tmp"}]',
    resources: !Resources.safeParse(container.resources).success,
  };
  return Object.entries(wrong).flatMap(([key, is]) => (is ? [`${name}: ${key}`] : []));
}

function portProblems(name: string, container: Container, config: Config): string[] {
  const api = name === 'api';
  const expected = api ? Environment.parse({}).SADA_PORT : METRICS_PORT;
  const [port] = container.ports;
  const { startupProbe, livenessProbe, readinessProbe } = container;
  const paths = [startupProbe, livenessProbe, readinessProbe].map((probe) => probe?.httpGet.path).join();
  const asked = [startupProbe, livenessProbe, readinessProbe].map((probe) => probe?.httpGet.port);
  const wrong = {
    port: port?.containerPort !== expected || (api ? config.port : config.metricsPort) !== expected,
    host: config.host !== '0.0.0.0',
    probes: paths !== (api ? '/healthz,/healthz,/readyz' : '/healthz,/healthz,/healthz'),
    'probed port': asked.some((one) => one !== port?.name),
  };
  return Object.entries(wrong).flatMap(([key, is]) => (is ? [`${name}: ${key}`] : []));
}

function referenceProblems(of: (kind: string) => K8sObject[]): string[] {
  const text = (kind: string, name: string) =>
    JSON.stringify(of(kind).find(({ metadata }) => metadata.name === name)?.spec ?? {});
  const selects = (name: string) => `"app.kubernetes.io/name":"${name}"`;
  const scaled = [text('HorizontalPodAutoscaler', 'api'), text('ScaledObject', 'worker')];
  const fixed = of('Deployment')
    .filter(({ spec }) => spec.replicas !== undefined)
    .map(({ metadata }) => metadata.name);
  const wrong = {
    'api: Service':
      !text('Service', 'api').includes(selects('api')) || !text('Service', 'api').includes('"targetPort":"http"'),
    'api: autoscaler': !scaled[0]?.includes('"kind":"Deployment","name":"api"') || !scaled[0].includes('"name":"cpu"'),
    'worker: ScaledObject': !scaled[1]?.includes('"scaleTargetRef":{"name":"worker"}'),
    'worker: scaled by': !scaled[1]?.includes('sada_waiting_chunks') || !scaled[1].includes('sada_queue_jobs'),
    'scheduler: replicas': !text('Deployment', 'scheduler').includes('"replicas":2'),
    // A fixed number would undo the autoscaler at each apply.
    'replicas beside an autoscaler': fixed.join() !== 'scheduler',
    'disruption budgets': ['api', 'worker', 'scheduler'].some(
      (name) => !text('PodDisruptionBudget', name).includes(selects(name)),
    ),
  };
  return Object.entries(wrong).flatMap(([problem, is]) => (is ? [problem] : []));
}

test('the Kubernetes files fit the code', () => {
  expect(kubernetesProblems(text)).toEqual([]);
});

test('the example secret starts nothing until its values are replaced', () => {
  const secret = z.object({ stringData: Labels }).parse(parseYaml(read('infra/k8s/secret.example.yaml'))[0]);
  expect(() => loadConfig(secret.stringData)).toThrow('SADA_SECRET');
});

describe('a fault in the Kubernetes files is found', () => {
  test.each([
    ['args: [worker]', 'args: [workers]', 'worker: starts workers'],
    ['LOG_LEVEL:', 'LOGLEVEL:', 'LOGLEVEL: no such setting'],
    ['name: SADA_METRICS_PORT', 'name: METRICS_PORT', 'METRICS_PORT: no such setting'],
    ["value: '9464'", "value: '9100'", 'worker: port'],
    ["SADA_PORT: '4040'", "SADA_PORT: '8080'", 'api: port'],
    ['containerPort: 4040', 'containerPort: 8080', 'api: port'],
    ['path: /readyz', 'path: /healthz', 'api: probes'],
    ['port: metrics }', 'port: http }', 'worker: probed port'],
    ['sada:0.1.0', 'sada:latest', 'no fixed tag'],
    ['sada:0.1.0', 'sada:0.2.0', 'the package is'],
    ['readOnlyRootFilesystem: true', 'readOnlyRootFilesystem: false', 'api: container securityContext'],
    ['drop: [ALL]', 'drop: []', 'migrate: container securityContext'],
    ['runAsNonRoot: true', 'runAsNonRoot: false', 'worker: runAsNonRoot'],
    ['seccompProfile: { type: RuntimeDefault }', 'seccompProfile: { type: Unconfined }', 'scheduler: seccompProfile'],
    ['enableServiceLinks: false', 'enableServiceLinks: true', 'api: enableServiceLinks'],
    ['limits: { memory:', 'limits: { cpu:', 'worker: resources'],
    ['scaleTargetRef: { name: worker }', 'scaleTargetRef: { name: workers }', 'worker: ScaledObject'],
    ['replicas: 2\n', 'replicas: 1\n', 'scheduler: replicas'],
    ['targetPort: http', 'targetPort: web', 'api: Service'],
    [
      'minAvailable: 1\n  selector:\n    matchLabels: { app.kubernetes.io/name: api }',
      'minAvailable: 1',
      'disruption budgets',
    ],
    ['namespace: sada', 'namespace: other', 'ConfigMap sada: namespace'],
    ['secretRef: { name: sada }', 'secretRef: { name: secrets }', 'api: envFrom'],
  ])('%j → %j', (from, to, problem) => {
    expect(kubernetesProblems(plant(text, from, to)).join('\n')).toContain(problem);
  });
});

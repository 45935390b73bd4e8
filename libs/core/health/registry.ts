import { check as mutatingWebhookConfiguration } from './checks/admissionregistration.k8s.io/MutatingWebhookConfiguration/check.ts';
import { check as validatingWebhookConfiguration } from './checks/admissionregistration.k8s.io/ValidatingWebhookConfiguration/check.ts';
import { check as customResourceDefinition } from './checks/apiextensions.k8s.io/CustomResourceDefinition/check.ts';
import { check as aPIService } from './checks/apiregistration.k8s.io/APIService/check.ts';
import { check as daemonSet } from './checks/apps/DaemonSet/check.ts';
import { check as deployment } from './checks/apps/Deployment/check.ts';
import { check as replicaSet } from './checks/apps/ReplicaSet/check.ts';
import { check as statefulSet } from './checks/apps/StatefulSet/check.ts';
import { check as horizontalPodAutoscaler } from './checks/autoscaling/HorizontalPodAutoscaler/check.ts';
import { check as cronJob } from './checks/batch/CronJob/check.ts';
import { check as job } from './checks/batch/Job/check.ts';
import { check as namespace } from './checks/core/Namespace/check.ts';
import { check as persistentVolume } from './checks/core/PersistentVolume/check.ts';
import { check as persistentVolumeClaim } from './checks/core/PersistentVolumeClaim/check.ts';
import { check as pod } from './checks/core/Pod/check.ts';
import { check as service } from './checks/core/Service/check.ts';
import { check as alertmanager } from './checks/monitoring.coreos.com/Alertmanager/check.ts';
import { check as prometheus } from './checks/monitoring.coreos.com/Prometheus/check.ts';
import { check as prometheusAgent } from './checks/monitoring.coreos.com/PrometheusAgent/check.ts';
import { check as thanosRuler } from './checks/monitoring.coreos.com/ThanosRuler/check.ts';
import { check as ingress } from './checks/networking.k8s.io/Ingress/check.ts';
import { check as podDisruptionBudget } from './checks/policy/PodDisruptionBudget/check.ts';
import type { Check } from './verdict.ts';

/** Every check by `GROUP/KIND` (`core` for the empty group), as the folders below `checks/` name them; a test compares the two. */
export const checks: ReadonlyMap<string, Check> = new Map([
  ['admissionregistration.k8s.io/MutatingWebhookConfiguration', mutatingWebhookConfiguration],
  ['admissionregistration.k8s.io/ValidatingWebhookConfiguration', validatingWebhookConfiguration],
  ['apiextensions.k8s.io/CustomResourceDefinition', customResourceDefinition],
  ['apiregistration.k8s.io/APIService', aPIService],
  ['apps/DaemonSet', daemonSet],
  ['apps/Deployment', deployment],
  ['apps/ReplicaSet', replicaSet],
  ['apps/StatefulSet', statefulSet],
  ['autoscaling/HorizontalPodAutoscaler', horizontalPodAutoscaler],
  ['batch/CronJob', cronJob],
  ['batch/Job', job],
  ['core/Namespace', namespace],
  ['core/PersistentVolume', persistentVolume],
  ['core/PersistentVolumeClaim', persistentVolumeClaim],
  ['core/Pod', pod],
  ['core/Service', service],
  ['monitoring.coreos.com/Alertmanager', alertmanager],
  ['monitoring.coreos.com/Prometheus', prometheus],
  ['monitoring.coreos.com/PrometheusAgent', prometheusAgent],
  ['monitoring.coreos.com/ThanosRuler', thanosRuler],
  ['networking.k8s.io/Ingress', ingress],
  ['policy/PodDisruptionBudget', podDisruptionBudget],
]);

/** The check of a kind; undefined if it has none of its own. */
export function checkOf(group: string, kind: string): Check | undefined {
  return checks.get(`${group === '' ? 'core' : group}/${kind}`);
}

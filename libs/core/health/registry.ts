import type { KubeObject } from '@fairlead/core/model';
import { check as mutatingWebhookConfiguration } from './checks/admissionregistration.k8s.io/MutatingWebhookConfiguration/check.ts';
import { check as validatingWebhookConfiguration } from './checks/admissionregistration.k8s.io/ValidatingWebhookConfiguration/check.ts';
import { check as compositeResourceDefinition } from './checks/apiextensions.crossplane.io/CompositeResourceDefinition/check.ts';
import { check as customResourceDefinition } from './checks/apiextensions.k8s.io/CustomResourceDefinition/check.ts';
import { check as apiService } from './checks/apiregistration.k8s.io/APIService/check.ts';
import { check as daemonSet } from './checks/apps/DaemonSet/check.ts';
import { check as deployment } from './checks/apps/Deployment/check.ts';
import { check as replicaSet } from './checks/apps/ReplicaSet/check.ts';
import { check as statefulSet } from './checks/apps/StatefulSet/check.ts';
import { check as analysisRun } from './checks/argoproj.io/AnalysisRun/check.ts';
import { check as argoApplication } from './checks/argoproj.io/Application/check.ts';
import { check as rollout } from './checks/argoproj.io/Rollout/check.ts';
import { check as horizontalPodAutoscaler } from './checks/autoscaling/HorizontalPodAutoscaler/check.ts';
import { check as cronJob } from './checks/batch/CronJob/check.ts';
import { check as job } from './checks/batch/Job/check.ts';
import { check as sealedSecret } from './checks/bitnami.com/SealedSecret/check.ts';
import { check as certificate } from './checks/cert-manager.io/Certificate/check.ts';
import { check as certificateRequest } from './checks/cert-manager.io/CertificateRequest/check.ts';
import { check as issuer } from './checks/cert-manager.io/Issuer/check.ts';
import { check as cluster } from './checks/cluster.x-k8s.io/Cluster/check.ts';
import { check as machine } from './checks/cluster.x-k8s.io/Machine/check.ts';
import { check as machineDeployment } from './checks/cluster.x-k8s.io/MachineDeployment/check.ts';
import { check as namespace } from './checks/core/Namespace/check.ts';
import { check as persistentVolume } from './checks/core/PersistentVolume/check.ts';
import { check as persistentVolumeClaim } from './checks/core/PersistentVolumeClaim/check.ts';
import { check as pod } from './checks/core/Pod/check.ts';
import { check as service } from './checks/core/Service/check.ts';
import { check as externalSecret } from './checks/external-secrets.io/ExternalSecret/check.ts';
import { check as pushSecret } from './checks/external-secrets.io/PushSecret/check.ts';
import { check as secretStore } from './checks/external-secrets.io/SecretStore/check.ts';
import { check as gateway } from './checks/gateway.networking.k8s.io/Gateway/check.ts';
import { check as gatewayClass } from './checks/gateway.networking.k8s.io/GatewayClass/check.ts';
import { check as hTTPRoute } from './checks/gateway.networking.k8s.io/HTTPRoute/check.ts';
import { check as helmRelease } from './checks/helm.toolkit.fluxcd.io/HelmRelease/check.ts';
import { check as imageRepository } from './checks/image.toolkit.fluxcd.io/ImageRepository/check.ts';
import { check as kafka } from './checks/kafka.strimzi.io/Kafka/check.ts';
import { check as kafkaConnector } from './checks/kafka.strimzi.io/KafkaConnector/check.ts';
import { check as kafkaRebalance } from './checks/kafka.strimzi.io/KafkaRebalance/check.ts';
import { check as scaledObject } from './checks/keda.sh/ScaledObject/check.ts';
import { check as kustomization } from './checks/kustomize.toolkit.fluxcd.io/Kustomization/check.ts';
import { check as alertmanager } from './checks/monitoring.coreos.com/Alertmanager/check.ts';
import { check as prometheus } from './checks/monitoring.coreos.com/Prometheus/check.ts';
import { check as prometheusAgent } from './checks/monitoring.coreos.com/PrometheusAgent/check.ts';
import { check as thanosRuler } from './checks/monitoring.coreos.com/ThanosRuler/check.ts';
import { check as ingress } from './checks/networking.k8s.io/Ingress/check.ts';
import { check as receiver } from './checks/notification.toolkit.fluxcd.io/Receiver/check.ts';
import { check as provider } from './checks/pkg.crossplane.io/Provider/check.ts';
import { check as podDisruptionBudget } from './checks/policy/PodDisruptionBudget/check.ts';
import { check as knativeService } from './checks/serving.knative.dev/Service/check.ts';
import { check as gitRepository } from './checks/source.toolkit.fluxcd.io/GitRepository/check.ts';
import {
  check as helmRepository,
  isUnobserved as isPointer,
} from './checks/source.toolkit.fluxcd.io/HelmRepository/check.ts';
import { check as backup } from './checks/velero.io/Backup/check.ts';
import { check as backupStorageLocation } from './checks/velero.io/BackupStorageLocation/check.ts';
import { check as schedule } from './checks/velero.io/Schedule/check.ts';
import type { Check } from './verdict.ts';

/**
 * Every check by `GROUP/KIND` (`core` for the empty group): one for each folder below `checks/`, and for the kinds that its cases
 * name under `also`; a test compares the two.
 */
export const checks: ReadonlyMap<string, Check> = new Map([
  ['admissionregistration.k8s.io/MutatingWebhookConfiguration', mutatingWebhookConfiguration],
  ['admissionregistration.k8s.io/ValidatingWebhookConfiguration', validatingWebhookConfiguration],
  ['apiextensions.crossplane.io/CompositeResourceDefinition', compositeResourceDefinition],
  ['apiextensions.k8s.io/CustomResourceDefinition', customResourceDefinition],
  ['apiregistration.k8s.io/APIService', apiService],
  ['apps/DaemonSet', daemonSet],
  ['apps/Deployment', deployment],
  ['apps/ReplicaSet', replicaSet],
  ['apps/StatefulSet', statefulSet],
  ['argoproj.io/AnalysisRun', analysisRun],
  ['argoproj.io/Application', argoApplication],
  ['argoproj.io/Rollout', rollout],
  ['autoscaling/HorizontalPodAutoscaler', horizontalPodAutoscaler],
  ['batch/CronJob', cronJob],
  ['batch/Job', job],
  ['bitnami.com/SealedSecret', sealedSecret],
  ['cert-manager.io/Certificate', certificate],
  ['cert-manager.io/CertificateRequest', certificateRequest],
  ['cert-manager.io/ClusterIssuer', issuer],
  ['cert-manager.io/Issuer', issuer],
  ['cluster.x-k8s.io/Cluster', cluster],
  ['cluster.x-k8s.io/Machine', machine],
  ['cluster.x-k8s.io/MachineDeployment', machineDeployment],
  ['controlplane.cluster.x-k8s.io/KubeadmControlPlane', machineDeployment],
  ['core/Namespace', namespace],
  ['core/PersistentVolume', persistentVolume],
  ['core/PersistentVolumeClaim', persistentVolumeClaim],
  ['core/Pod', pod],
  ['core/Service', service],
  ['external-secrets.io/ClusterExternalSecret', pushSecret],
  ['external-secrets.io/ClusterSecretStore', secretStore],
  ['external-secrets.io/ExternalSecret', externalSecret],
  ['external-secrets.io/PushSecret', pushSecret],
  ['external-secrets.io/SecretStore', secretStore],
  ['gateway.networking.k8s.io/GRPCRoute', hTTPRoute],
  ['gateway.networking.k8s.io/Gateway', gateway],
  ['gateway.networking.k8s.io/GatewayClass', gatewayClass],
  ['gateway.networking.k8s.io/HTTPRoute', hTTPRoute],
  ['gateway.networking.k8s.io/TCPRoute', hTTPRoute],
  ['gateway.networking.k8s.io/TLSRoute', hTTPRoute],
  ['gateway.networking.k8s.io/UDPRoute', hTTPRoute],
  ['helm.toolkit.fluxcd.io/HelmRelease', helmRelease],
  ['image.toolkit.fluxcd.io/ImagePolicy', imageRepository],
  ['image.toolkit.fluxcd.io/ImageRepository', imageRepository],
  ['image.toolkit.fluxcd.io/ImageUpdateAutomation', imageRepository],
  ['kafka.strimzi.io/Kafka', kafka],
  ['kafka.strimzi.io/KafkaBridge', kafka],
  ['kafka.strimzi.io/KafkaConnect', kafka],
  ['kafka.strimzi.io/KafkaConnector', kafkaConnector],
  ['kafka.strimzi.io/KafkaMirrorMaker2', kafka],
  ['kafka.strimzi.io/KafkaRebalance', kafkaRebalance],
  ['kafka.strimzi.io/KafkaTopic', kafka],
  ['kafka.strimzi.io/KafkaUser', kafka],
  ['keda.sh/ScaledJob', scaledObject],
  ['keda.sh/ScaledObject', scaledObject],
  ['kustomize.toolkit.fluxcd.io/Kustomization', kustomization],
  ['monitoring.coreos.com/Alertmanager', alertmanager],
  ['monitoring.coreos.com/Prometheus', prometheus],
  ['monitoring.coreos.com/PrometheusAgent', prometheusAgent],
  ['monitoring.coreos.com/ThanosRuler', thanosRuler],
  ['networking.k8s.io/Ingress', ingress],
  ['notification.toolkit.fluxcd.io/Receiver', receiver],
  ['pkg.crossplane.io/Configuration', provider],
  ['pkg.crossplane.io/Function', provider],
  ['pkg.crossplane.io/Provider', provider],
  ['policy/PodDisruptionBudget', podDisruptionBudget],
  ['serving.knative.dev/Configuration', knativeService],
  ['serving.knative.dev/Revision', knativeService],
  ['serving.knative.dev/Route', knativeService],
  ['serving.knative.dev/Service', knativeService],
  ['source.toolkit.fluxcd.io/Bucket', gitRepository],
  ['source.toolkit.fluxcd.io/GitRepository', gitRepository],
  ['source.toolkit.fluxcd.io/HelmChart', gitRepository],
  ['source.toolkit.fluxcd.io/HelmRepository', helmRepository],
  ['source.toolkit.fluxcd.io/OCIRepository', gitRepository],
  ['velero.io/Backup', backup],
  ['velero.io/BackupStorageLocation', backupStorageLocation],
  ['velero.io/Restore', backup],
  ['velero.io/Schedule', schedule],
]);

/** The check of a kind; undefined if it has none of its own. */
export function checkOf(group: string, kind: string): Check | undefined {
  return checks.get(`${group === '' ? 'core' : group}/${kind}`);
}

/** True for the few objects whose observed generation nobody ever writes, so that it says nothing. */
export function isUnobserved(object: KubeObject, group: string): boolean {
  return object.kind === 'HelmRepository' && group === 'source.toolkit.fluxcd.io' && isPointer(object);
}

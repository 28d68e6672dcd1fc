/** Everything that is fuzzed. */
import type { Target } from "./target.ts";
import { admissionBodies, admissionPods } from "./targets/admission.ts";
import { iniFiles, iniSections } from "./targets/aws-files.ts";
import { bundles, storedAuthorities } from "./targets/certificates.ts";
import { commandLines, expansions, explainLines, requests } from "./targets/command-lines.ts";
import { connections } from "./targets/connection.ts";
import { dnsBytes, dnsReplies, domainNames } from "./targets/dns.ts";
import { dockerConfigs, pullSecrets, registryGlobs } from "./targets/docker-config.ts";
import { durations } from "./targets/durations.ts";
import { expansion } from "./targets/expansion.ts";
import { growth } from "./targets/growth.ts";
import { addresses, listenAddresses, proxies, resolvConfs } from "./targets/hosts.ts";
import { answers, goodAnswers } from "./targets/http-answer.ts";
import { imageNameParts, imageNames } from "./targets/images.ts";
import { exactJson, exactJsonTexts, pointers, secretTexts } from "./targets/json.ts";
import { kubeconfigs } from "./targets/kubeconfigs.ts";
import { assumeRoles, secretPatterns } from "./targets/patterns.ts";
import { podTexts, reviewTexts } from "./targets/pod-text.ts";
import { elfPrograms, scripts } from "./targets/programs.ts";
import { quantities } from "./targets/quantities.ts";
import { storeEntries, storeEntryFields, values } from "./targets/references.ts";
import { challengeFields, challenges, retryAfter } from "./targets/registry-headers.ts";
import { ecrHosts, localAddresses, origins } from "./targets/registry-places.ts";
import { claims, secretRequests, unresolvedHeaders } from "./targets/secret-requests.ts";
import { names, quotations, settings } from "./targets/settings.ts";
import { manifests, yamlValues } from "./targets/yaml.ts";

export const targets: readonly Target[] = [
  admissionBodies,
  admissionPods,
  iniFiles,
  iniSections,
  bundles,
  storedAuthorities,
  commandLines,
  expansions,
  explainLines,
  requests,
  connections,
  dnsBytes,
  dnsReplies,
  domainNames,
  dockerConfigs,
  pullSecrets,
  registryGlobs,
  durations,
  expansion,
  growth,
  addresses,
  listenAddresses,
  proxies,
  resolvConfs,
  answers,
  goodAnswers,
  ecrHosts,
  imageNameParts,
  imageNames,
  localAddresses,
  origins,
  exactJson,
  exactJsonTexts,
  pointers,
  secretTexts,
  assumeRoles,
  secretPatterns,
  podTexts,
  reviewTexts,
  elfPrograms,
  scripts,
  quantities,
  storeEntries,
  storeEntryFields,
  values,
  challengeFields,
  challenges,
  retryAfter,
  claims,
  secretRequests,
  unresolvedHeaders,
  names,
  quotations,
  settings,
  kubeconfigs,
  manifests,
  yamlValues,
];

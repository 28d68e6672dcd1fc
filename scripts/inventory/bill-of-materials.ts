/** A bill of materials as scanners read it. Source: CycloneDX 1.6, JSON. Pure: no hour, no random number. */
import { Enums, Models, Serialize, Spec } from "@cyclonedx/cyclonedx-library";
import type { Component } from "./component.ts";

export interface Subject {
  /** The image's name. */
  readonly name: string;
  readonly version: string;
}

export function billOfMaterials({ name, version }: Subject, components: readonly Component[]): string {
  const subject = new Models.Component(Enums.ComponentType.Container, name, {
    version,
    bomRef: name,
    description: "AWS secrets in the environment of unchanged containers",
    licenses: new Models.LicenseRepository([new Models.SpdxLicense("Apache-2.0")]),
  });
  const bom = new Models.Bom({ metadata: new Models.Metadata({ component: subject }) });
  for (const component of components) {
    const model = modelOf(component);
    bom.components.add(model);
    subject.dependencies.add(model.bomRef);
  }
  const normalizer = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6);
  const options = { sortLists: true, space: 2 };
  return `${new Serialize.JsonSerializer(normalizer).serialize(bom, options)}\n`;
}

const ALGORITHMS = {
  "SHA-256": Enums.HashAlgorithm["SHA-256"],
  "SHA-512": Enums.HashAlgorithm["SHA-512"],
} as const;

function modelOf(component: Component): Models.Component {
  const { name, version, licence, licenceUrl, website, purl, checksum, parts = [] } = component;
  return new Models.Component(Enums.ComponentType.Library, name, {
    bomRef: purl ?? `${name}@${version ?? ""}`,
    ...(version === undefined ? {} : { version }),
    ...(purl === undefined ? {} : { purl }),
    licenses: new Models.LicenseRepository([
      licenceUrl === undefined
        ? new Models.LicenseExpression(licence)
        : new Models.NamedLicense(licence, { url: licenceUrl }),
    ]),
    hashes: new Models.HashDictionary(
      checksum === undefined ? [] : [[ALGORITHMS[checksum.algorithm], checksum.hex]],
    ),
    externalReferences: new Models.ExternalReferenceRepository(
      website === undefined
        ? []
        : [new Models.ExternalReference(website, Enums.ExternalReferenceType.Website)],
    ),
    components: new Models.ComponentRepository(parts.map(modelOf)),
  });
}

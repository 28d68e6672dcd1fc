/** What an image is made of, one by one: for its bill of materials, and for the notices that go with it. */

export interface Component {
  readonly name: string;
  /** Undefined where whoever built it into another does not say. */
  readonly version: string | undefined;
  /** An SPDX expression. */
  readonly licence: string;
  /** Where the licence's text is, where it is none of SPDX's. */
  readonly licenceUrl?: string;
  /** What came with it about its copyright and licence; undefined: nothing did, and the licence's own text serves. */
  readonly notice?: string;
  readonly website?: string;
  /** Package URL, by which scanners know it. Source: package-url/purl-spec. */
  readonly purl?: string;
  /** Of the archive that it came in. */
  readonly checksum?: { readonly algorithm: "SHA-256" | "SHA-512"; readonly hex: string };
  /** What is linked into it. */
  readonly parts?: readonly Component[];
}

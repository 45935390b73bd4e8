export { type FilePlace } from './fleet/duplicates.ts';
export {
  fleetFile,
  isGone,
  joinFleet,
  ledgerPathOf,
  readFleet,
  type FleetDocuments,
  type FleetFile,
} from './fleet/join.ts';
export {
  parseFile,
  type BrokenDocument,
  type DocumentKinds,
  type ParsedDocument,
  type ParsedFile,
} from './fleet/parse.ts';
export { fillPipeline, findCycle, predecessors } from './fleet/pipeline.ts';
export {
  gonePin,
  joinLedger,
  ledgerFile,
  ledgerSlot,
  parseLedgerFile,
  readLedger,
  releaseKey,
  splitReleaseKey,
  type Ledger,
  type LedgerSlot,
  type ParsedLedgerFile,
  type Pin,
} from './ledger/read.ts';
export { writeHub, writeMember, writeReleaseFile } from './ledger/write.ts';
export { parseManifests, type Manifest, type ManifestOptions } from './manifests.ts';
export {
  acknowledgements,
  acknowledgementTrailer,
  formatTrailers,
  parseAcknowledgements,
  parseTrailers,
  parseWords,
  wordTrailer,
  type Acknowledgement,
  type Signature,
  type Trailer,
  type Word,
} from './trailers.ts';
export { readValues } from './values.ts';
export { defaultLimits, type YamlLimits } from './yaml/read.ts';

// Written by `make gen` from proto/; not edited by hand.
// For each message the key of each field on the wire (number * 8 + wire type), for each enumeration its numbers.

export const AcceptTags = {
  ballot: 10,
  first: 16,
  records: 26,
  commit: 32,
} as const;

export const AcceptedTags = {
  ballot: 10,
  last: 16,
} as const;

export const AddLearnerTags = {
  group: 8,
  replica: 16,
  incarnation: 24,
  state: 34,
  logBehind: 40,
} as const;

export const AdminCallTags = {
  hello: 10,
  initCluster: 18,
  createReplica: 26,
  deleteReplica: 34,
  describeNode: 42,
  transferLeadership: 50,
  inspectGroup: 58,
  registerNode: 66,
  createTable: 74,
  deleteTable: 82,
  describeAutoAdmin: 90,
  changeTable: 98,
  scrub: 106,
  crc: 125,
  addLearner: 162,
  swapReplica: 170,
  changeSettings: 242,
  listLostIndexes: 250,
  createCredential: 402,
  setCredentialPolicy: 410,
  revokeCredential: 418,
  listCredentials: 426,
} as const;

export const AdminRefusalTags = {
  code: 10,
  message: 18,
} as const;

export const AdminReplyTags = {
  hello: 10,
  done: 18,
  nodeDescription: 26,
  groupInspection: 34,
  tableChanged: 42,
  autoAdminDescription: 50,
  refusal: 58,
  scrubReport: 66,
  crc: 125,
  learnerAdded: 162,
  settingsApplied: 242,
  lostIndexes: 250,
  credentialList: 402,
} as const;

export const ApplyChangesOperationTags = {
  source: 8,
  previous: 16,
  slot: 24,
  changes: 34,
  opens: 40,
} as const;

export const AskLeaderTags = {
  question: 8,
} as const;

export const AutoAdminDescriptionTags = {
  active: 8,
  operationsUnderWay: 16,
  clusterId: 26,
  tableUnitsMax: 32,
  accountUnitsMax: 40,
} as const;

export const BallotTags = {
  configuration: 8,
  round: 16,
  replica: 24,
} as const;

export const BulkFrameTags = {
  hello: 10,
  credit: 16,
  messages: 26,
  snapshots: 34,
  crc: 125,
} as const;

export const CatalogEntryTags = {
  key: 10,
  value: 18,
} as const;

export const ChangeSettingsTags = {
  group: 8,
  settings: 18,
} as const;

export const ChangeTableTags = {
  account: 10,
  region: 18,
  name: 26,
  tableId: 34,
  change: 42,
} as const;

export const ControlFrameTags = {
  hello: 10,
  heartbeat: 18,
  heartbeatAnswer: 26,
  messages: 34,
  crc: 125,
} as const;

export const CreateCredentialTags = {
  definition: 10,
} as const;

export const CreateReplicaTags = {
  group: 8,
  replica: 16,
  tableId: 26,
  partitionId: 32,
  low: 42,
  high: 50,
  members: 58,
  preferredLeader: 64,
  late: 72,
} as const;

export const CreateTableTags = {
  definition: 10,
  overGeneration: 16,
} as const;

export const CredentialDescriptionTags = {
  accessKeyId: 10,
  account: 18,
  userName: 26,
  sealing: 34,
  policy: 42,
  createdAtMs: 48,
  generation: 56,
} as const;

export const CredentialListTags = {
  credentials: 10,
} as const;

export const DeleteOperationTags = {
  key: 10,
  returnOld: 32,
  number: 40,
  returnOldOnFailure: 48,
  condition: 58,
  names: 66,
  values: 74,
  measure: 80,
} as const;

export const DeleteReplicaTags = {
  group: 8,
  replica: 16,
} as const;

export const DeleteTableTags = {
  account: 10,
  region: 18,
  name: 26,
  tableId: 34,
} as const;

export const FetchTailTags = {
  ballot: 10,
  first: 16,
} as const;

export const GetOperationTags = {
  key: 10,
  consistent: 16,
} as const;

export const GroupEnvelopeTags = {
  group: 8,
  from: 16,
  to: 24,
  accept: 34,
  accepted: 42,
  sync: 50,
  learn: 58,
  learned: 66,
  prepare: 74,
  promise: 82,
  refusal: 90,
  fetchTail: 98,
  tail: 106,
  nominate: 114,
  askLeader: 130,
  leaderHeard: 138,
} as const;

export const GroupInspectionTags = {
  replica: 10,
  stateHash: 18,
  low: 26,
  high: 34,
  configuration: 40,
  members: 50,
  localIndexes: 58,
} as const;

export const HeartbeatTags = {
  sequence: 8,
  leaderships: 18,
  floors: 26,
} as const;

export const HeartbeatAnswerTags = {
  sequence: 8,
  refusals: 18,
  checkpoints: 26,
  monotonicUs: 32,
  marks: 42,
  fullness: 48,
  origins: 58,
  logStarts: 66,
} as const;

export const HelloTags = {
  protocolVersion: 8,
  clusterId: 18,
  process: 26,
  incarnation: 32,
} as const;

export const IndexChangeTags = {
  key: 10,
  value: 18,
} as const;

export const IndexProgressTags = {
  indexId: 10,
  backfilled: 16,
  delivered: 24,
  itemsDone: 32,
  items: 40,
} as const;

export const IndexUnitsTags = {
  index: 10,
  units: 16,
} as const;

export const InitClusterTags = {
  clusterId: 10,
  members: 18,
  addresses: 26,
} as const;

export const InspectGroupTags = {
  group: 8,
} as const;

export const LeaderHeardTags = {
  question: 8,
  heard: 16,
} as const;

export const LearnTags = {
  ballot: 10,
  first: 16,
  records: 26,
  commit: 32,
} as const;

export const LearnedTags = {
  ballot: 10,
  last: 16,
} as const;

export const LearnerAddedTags = {
  replica: 8,
} as const;

export const LocalIndexSizeTags = {
  number: 8,
  entries: 16,
  bytes: 24,
} as const;

export const LostIndexTags = {
  group: 8,
  indexId: 18,
  silent: 24,
} as const;

export const LostIndexesTags = {
  indexes: 10,
} as const;

export const NodeAddressTags = {
  node: 10,
  address: 18,
} as const;

export const NodeDescriptionTags = {
  node: 10,
  az: 18,
  clusterId: 26,
  incarnation: 32,
  replicas: 42,
} as const;

export const NominateTags = {
  ballot: 10,
  leaseGivenUp: 16,
} as const;

export const PrepareTags = {
  ballot: 10,
  released: 18,
  rejoin: 24,
} as const;

export const PromiseTags = {
  ballot: 10,
  accepted: 18,
  last: 24,
  commit: 32,
  trimmed: 40,
  abstention: 48,
} as const;

export const PutOperationTags = {
  key: 10,
  item: 18,
  itemSize: 24,
  returnOld: 32,
  number: 40,
  returnOldOnFailure: 48,
  condition: 58,
  names: 66,
  values: 74,
  measure: 80,
} as const;

export const RangeOperationTags = {
  low: 10,
  high: 18,
  reverse: 24,
  consistent: 32,
  limit: 40,
  byteLimit: 48,
  countOnly: 56,
  names: 66,
  values: 74,
  filter: 82,
  index: 88,
  fetchItems: 96,
} as const;

export const RangeResultTags = {
  items: 10,
  count: 16,
  scanned: 24,
  scannedBytes: 32,
  lastKey: 42,
  more: 48,
  fetchedUnits: 56,
  fetchedBytes: 64,
} as const;

export const RefusalTags = {
  promised: 10,
  refused: 18,
} as const;

export const RegisterNodeTags = {
  node: 10,
  az: 18,
  address: 26,
  incarnation: 32,
} as const;

export const ReplicaAbsentTags = {
  group: 8,
  replica: 16,
  incarnation: 24,
} as const;

export const ReplicaDescriptionTags = {
  group: 8,
  replica: 16,
  tableId: 26,
  leading: 32,
  damaged: 40,
  ballot: 50,
  commit: 56,
  applied: 64,
  last: 72,
  trimmed: 80,
  checkpoint: 88,
  items: 96,
  itemBytes: 104,
} as const;

export const ReplicaPlaceTags = {
  replica: 8,
  node: 18,
  az: 26,
  logOnly: 32,
} as const;

export const RequestFrameTags = {
  hello: 10,
  requests: 18,
  crc: 125,
} as const;

export const ResponseFrameTags = {
  hello: 10,
  responses: 18,
  crc: 125,
} as const;

export const RevokeCredentialTags = {
  accessKeyId: 10,
} as const;

export const ScrubTags = {
  start: 8,
} as const;

export const ScrubFindingTags = {
  group: 8,
  tableId: 18,
  kind: 26,
  detail: 34,
  foundMs: 40,
  repaired: 48,
} as const;

export const ScrubReportTags = {
  node: 10,
  pass: 16,
  running: 24,
  replicasDone: 32,
  replicas: 40,
  pages: 48,
  bytes: 56,
  lastCompleteMs: 64,
  rebuilt: 72,
  findings: 82,
  findingsTotal: 88,
} as const;

export const SetCredentialPolicyTags = {
  accessKeyId: 10,
  policy: 18,
  overGeneration: 24,
} as const;

export const SettingsAppliedTags = {
  version: 8,
  indexes: 18,
} as const;

export const SnapshotAbortTags = {
  group: 8,
  transfer: 16,
  reason: 26,
} as const;

export const SnapshotBeginTags = {
  group: 8,
  from: 16,
  to: 24,
  transfer: 32,
  slot: 40,
  state: 50,
  ballot: 58,
  itemBytes: 64,
} as const;

export const SnapshotChunkTags = {
  group: 8,
  transfer: 16,
  index: 24,
  entries: 34,
} as const;

export const SnapshotEndTags = {
  group: 8,
  transfer: 16,
  chunks: 24,
  items: 32,
} as const;

export const SnapshotIdentityTags = {
  group: 8,
  state: 18,
} as const;

export const SnapshotInstalledTags = {
  group: 8,
  transfer: 16,
  slot: 24,
} as const;

export const SnapshotMessageTags = {
  begin: 10,
  chunk: 18,
  end: 26,
  installed: 34,
  abort: 42,
  request: 50,
  identity: 58,
  absent: 162,
} as const;

export const SnapshotRequestTags = {
  group: 8,
  position: 16,
} as const;

export const StorageRequestTags = {
  id: 8,
  group: 16,
  deadlineMs: 24,
  get: 34,
  put: 42,
  update: 50,
  delete: 58,
  range: 66,
  applyChanges: 74,
} as const;

export const StorageResponseTags = {
  id: 8,
  status: 16,
  message: 26,
  leader: 34,
  item: 42,
  oldSize: 48,
  newSize: 56,
  slot: 64,
  range: 74,
  collectionBytes: 80,
  indexUnits: 90,
} as const;

export const StorageStatusNumbers = {
  OK: 0,
  CONDITION_FAILED: 1,
  VALIDATION: 2,
  NOT_LEADER: 3,
  NOT_READY: 4,
  NO_SUCH_GROUP: 5,
  WRONG_RANGE: 6,
  OVERLOADED: 7,
  NUMBER_REFUSED: 8,
  UNKNOWN_OUTCOME: 9,
  UNAVAILABLE: 10,
  NO_ROOM: 11,
  NO_COPY: 12,
  COLLECTION_FULL: 13,
  INDEX_BEHIND: 14,
} as const;

export const SwapReplicaTags = {
  group: 8,
  configuration: 16,
  out: 24,
  into: 34,
} as const;

export const SyncTags = {
  ballot: 10,
  from: 16,
  records: 26,
  commit: 32,
} as const;

export const TableChangedTags = {
  record: 10,
  slot: 16,
} as const;

export const TailTags = {
  ballot: 10,
  first: 16,
  records: 26,
} as const;

export const TransferLeadershipTags = {
  group: 8,
  to: 16,
} as const;

export const UpdateOperationTags = {
  key: 10,
  keyAttributes: 18,
  update: 26,
  returnValues: 32,
  number: 40,
  returnOldOnFailure: 48,
  condition: 58,
  names: 66,
  values: 74,
  measure: 80,
} as const;

export const UpdateReturnNumbers = {
  NONE: 0,
  ALL_OLD: 1,
  UPDATED_OLD: 2,
  ALL_NEW: 3,
  UPDATED_NEW: 4,
} as const;

export const WatchChangesTags = {
  slot: 8,
  records: 18,
} as const;

export const WatchFrameTags = {
  hello: 10,
  subscribe: 18,
  snapshot: 26,
  changes: 34,
  crc: 125,
} as const;

export const WatchSnapshotTags = {
  slot: 8,
  records: 18,
  done: 24,
} as const;

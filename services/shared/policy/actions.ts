/**
 * Every action that a policy can name (Service Authorization Reference, "Actions, resources, and condition keys for Amazon
 * DynamoDB", October 2026), whether or not an operation here asks for it yet.
 */
const ACTIONS = [
  'AssociateTableReplica BatchGetItem BatchWriteItem CancelBulkOperation ConditionCheckItem CreateBackup CreateGlobalTable',
  'CreateGlobalTableWitness CreateTable CreateTableReplica DeleteBackup DeleteGlobalTableWitness DeleteItem DeleteResourcePolicy',
  'DeleteTable DeleteTableReplica DescribeBackup DescribeBulkOperation DescribeContinuousBackups DescribeContributorInsights',
  'DescribeEndpoints DescribeExport DescribeGlobalTable DescribeGlobalTableSettings DescribeImport',
  'DescribeKinesisStreamingDestination DescribeLimits DescribeReservedCapacity DescribeReservedCapacityOfferings DescribeStream',
  'DescribeTable DescribeTableReplicaAutoScaling DescribeTimeToLive DisableKinesisStreamingDestination DisassociateTableReplica',
  'EnableKinesisStreamingDestination ExportTableToPointInTime GetAbacStatus GetItem GetRecords GetResourcePolicy GetShardIterator',
  'ImportTable InjectError ListBackups ListBulkOperations ListContributorInsights ListExports ListGlobalTables ListImports',
  'ListStreams ListTables ListTagsOfResource PartiQLDelete PartiQLInsert PartiQLSelect PartiQLUpdate',
  'PurchaseReservedCapacityOfferings PutItem PutResourcePolicy Query ReadDataForReplication ReplicateSettings',
  'RestoreTableFromAwsBackup RestoreTableFromBackup RestoreTableToPointInTime Scan SearchVectors StartAwsBackupJob',
  'StartBulkPutItems TagResource UntagResource UpdateAbacStatus UpdateContinuousBackups UpdateContributorInsights',
  'UpdateGlobalTable UpdateGlobalTableSettings UpdateGlobalTableVersion UpdateItem UpdateKinesisStreamingDestination UpdateTable',
  'UpdateTableReplicaAutoScaling UpdateTimeToLive WriteDataForReplication',
];

export const SERVICE_PREFIX = 'dynamodb:';

/** `dynamodb:getitem` and so on: names of actions are compared in lower case (IAM User Guide, "Action"). */
export const LOWER_CASE_ACTIONS: readonly string[] = ACTIONS.flatMap((line) => line.split(' ')).map(
  (name) => SERVICE_PREFIX + name.toLowerCase(),
);

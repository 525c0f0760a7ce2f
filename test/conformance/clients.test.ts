// All clients, one after the other, against one cluster. Each of these files also runs alone, against a cluster of its own: README.md.
import './clients/sdk-v3.ts';
import './clients/sdk-v3-document.ts';
import './clients/sdk-v2.ts';
import './clients/aws-cli.ts';
import './clients/dynamoose.ts';
import './clients/electrodb.ts';
import './clients/dynamodb-toolbox.ts';
import './clients/connect-dynamodb.ts';
import './clients/powertools-idempotency.ts';
import './clients/dynamodb-admin.ts';

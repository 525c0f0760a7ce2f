import type { ScrubFinding, ScrubReport } from './admin.ts';
import { ScrubFindingTags, ScrubReportTags } from './generated/field-tags.ts';
import type { Mutable } from './mutable.ts';
import type { ProtoReader } from './proto-reader.ts';
import type { ProtoWriter } from './proto-writer.ts';

export function writeScrubReport(writer: ProtoWriter, report: ScrubReport): void {
  writer.uint(ScrubReportTags.findingsTotal, report.findingsTotal);
  for (let index = report.findings.length - 1; index >= 0; index--) writeFinding(writer, report.findings[index] as ScrubFinding);
  writer.uint(ScrubReportTags.rebuilt, report.rebuilt);
  writer.uint(ScrubReportTags.lastCompleteMs, report.lastCompleteMs);
  writer.uint(ScrubReportTags.bytes, report.bytes);
  writer.uint(ScrubReportTags.pages, report.pages);
  writer.uint(ScrubReportTags.replicas, report.replicas);
  writer.uint(ScrubReportTags.replicasDone, report.replicasDone);
  writer.bool(ScrubReportTags.running, report.running);
  writer.uint(ScrubReportTags.pass, report.pass);
  writer.text(ScrubReportTags.node, report.node);
}

function writeFinding(writer: ProtoWriter, finding: ScrubFinding): void {
  const position = writer.position();
  writer.bool(ScrubFindingTags.repaired, finding.repaired);
  writer.uint(ScrubFindingTags.foundMs, finding.foundMs);
  writer.text(ScrubFindingTags.detail, finding.detail);
  writer.text(ScrubFindingTags.kind, finding.kind);
  writer.text(ScrubFindingTags.tableId, finding.tableId);
  writer.uint(ScrubFindingTags.group, finding.group);
  writer.nest(ScrubReportTags.findings, position);
}

export function readScrubReport(reader: ProtoReader): ScrubReport {
  const outer = reader.enter();
  const findings: ScrubFinding[] = [];
  const report: Mutable<ScrubReport> = { ...EMPTY_REPORT, findings };
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === ScrubReportTags.node) report.node = reader.text();
    else if (tag === ScrubReportTags.pass) report.pass = reader.uint();
    else if (tag === ScrubReportTags.running) report.running = reader.bool();
    else if (tag === ScrubReportTags.replicasDone) report.replicasDone = reader.uint();
    else if (tag === ScrubReportTags.replicas) report.replicas = reader.uint();
    else if (tag === ScrubReportTags.pages) report.pages = reader.uint();
    else if (tag === ScrubReportTags.bytes) report.bytes = reader.uint();
    else if (tag === ScrubReportTags.lastCompleteMs) report.lastCompleteMs = reader.uint();
    else if (tag === ScrubReportTags.rebuilt) report.rebuilt = reader.uint();
    else if (tag === ScrubReportTags.findings) findings.push(readFinding(reader));
    else if (tag === ScrubReportTags.findingsTotal) report.findingsTotal = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return report;
}

function readFinding(reader: ProtoReader): ScrubFinding {
  const outer = reader.enter();
  const finding: Mutable<ScrubFinding> = { group: 0, tableId: '', kind: '', detail: '', foundMs: 0, repaired: false };
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === ScrubFindingTags.group) finding.group = reader.uint();
    else if (tag === ScrubFindingTags.tableId) finding.tableId = reader.text();
    else if (tag === ScrubFindingTags.kind) finding.kind = reader.text();
    else if (tag === ScrubFindingTags.detail) finding.detail = reader.text();
    else if (tag === ScrubFindingTags.foundMs) finding.foundMs = reader.uint();
    else if (tag === ScrubFindingTags.repaired) finding.repaired = reader.bool();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return finding;
}

/** What a message without fields means. */
const EMPTY_REPORT: ScrubReport = {
  kind: 'scrub-report',
  node: '',
  pass: 0,
  running: false,
  replicasDone: 0,
  replicas: 0,
  pages: 0,
  bytes: 0,
  lastCompleteMs: 0,
  rebuilt: 0,
  findings: [],
  findingsTotal: 0,
};

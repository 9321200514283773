import { readRecord, type ServiceRecord } from '@kedge/agent/service/record';
import { nodeDisk } from '@kedge/trust/os/disk';

/** Which process the agent says is the app's. @param path of `service.json` */
export async function recordedProcess(path: string): Promise<ServiceRecord> {
  const record = await readRecord(nodeDisk, path);
  if (!record) throw new Error(`${path} names no process`);
  return record;
}

/** Files that were dropped, also within folders. */

export interface Dropped {
  /** With the folders that it was dropped in. */
  path: string;
  file: File;
}

const MOST = 500;

/** All files of a drop or a choice; of folders what is in them, 500 at most. */
export async function droppedFiles(items: DataTransfer): Promise<Dropped[]> {
  const entries = [...items.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  if (entries.every((entry) => entry === null)) return [...items.files].map((file) => ({ path: file.name, file }));
  const found: Dropped[] = [];
  for (const entry of entries) if (entry) await walk(entry, "", found);
  return found;
}

async function walk(entry: FileSystemEntry, folder: string, found: Dropped[]): Promise<void> {
  if (found.length >= MOST) return;
  const path = folder ? `${folder}/${entry.name}` : entry.name;
  if (entry.isFile) {
    const file = await new Promise<File>((done, failed) => (entry as FileSystemFileEntry).file(done, failed));
    found.push({ path, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed));
    if (some.length === 0) return;
    for (const each of some) await walk(each, path, found);
  }
}

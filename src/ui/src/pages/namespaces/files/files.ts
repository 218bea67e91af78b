/** What is asked of the API about files, and how it is kept. */
import { useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, BASE, raw } from "@/api/client";
import { type Entry, joined } from "@/pages/namespaces/files/tree";

const path = (namespace: string) => ({ path: { namespace } });

/** Where a file can be fetched. */
export const addressOf = (namespace: string, file: string): string =>
  `${BASE}/namespaces/${encodeURIComponent(namespace)}/files?path=${encodeURIComponent(`/${file}`)}`;

export const exportAddress = (namespace: string): string => `${BASE}/namespaces/${encodeURIComponent(namespace)}/files/export`;

/** What is in these folders. */
export function useFolders(namespace: string, folders: readonly string[]) {
  return useQueries({
    queries: folders.map((folder) => ({
      queryKey: ["files", namespace, "folder", folder],
      queryFn: () => api.get("/namespaces/{namespace}/files/directory", { params: { ...path(namespace), query: { path: `/${folder}` } } }),
      placeholderData: undefined,
      refetchInterval: 30_000,
    })),
    combine: (found) => {
      const entries = new Map<string, Entry[]>();
      for (const [index, folder] of folders.entries()) {
        const inside = found[index]?.data?.map((each) => ({
          path: joined(folder, each.fileName),
          folder: each.type === "Directory",
          size: each.size,
          modified: each.lastModifiedTime,
        }));
        if (inside) entries.set(folder, inside);
      }
      return { entries, top: found[0] };
    },
  });
}

/** The paths of all files. */
export function usePaths(namespace: string, wanted: boolean) {
  return useQuery({
    queryKey: ["files", namespace, "all"],
    enabled: wanted,
    queryFn: async () => {
      const found = await api.get("/namespaces/{namespace}/files/search", { params: { ...path(namespace), query: { q: "" } } });
      return found.map((each) => each.replace(/^\//, ""));
    },
  });
}

/** When a file was changed last; null: it is not there. */
export async function modifiedOf(namespace: string, file: string): Promise<number | null> {
  try {
    const found = await api.get("/namespaces/{namespace}/files/stats", { params: { ...path(namespace), query: { path: `/${file}` } } });
    return found.lastModifiedTime;
  } catch {
    return null;
  }
}

/** The bytes of a file, and when they were written. */
export async function readFile(namespace: string, file: string): Promise<{ bytes: ArrayBuffer; modified: number | null }> {
  const modified = await modifiedOf(namespace, file);
  const answered = await raw(`/namespaces/${encodeURIComponent(namespace)}/files`, { query: { path: `/${file}` } });
  return { bytes: await answered.arrayBuffer(), modified };
}

/** The changes; each tells the lists afterwards. */
export function useFileChanges(namespace: string) {
  const queries = useQueryClient();
  const at = `/namespaces/${encodeURIComponent(namespace)}/files`;
  const told = () => queries.invalidateQueries({ queryKey: ["files", namespace] });
  const changed = async (path: string, init: Parameters<typeof raw>[1]) => {
    await raw(path, init);
    await told();
  };
  return {
    write: (file: string, text: string) =>
      changed(at, { method: "POST", query: { path: `/${file}` }, body: text, headers: { "Content-Type": "application/octet-stream" } }),
    upload: async (file: string, content: File) => {
      const form = new FormData();
      form.append("fileContent", content);
      await raw(at, { method: "POST", query: { path: `/${file}` }, body: form });
    },
    uploaded: told,
    makeFolder: (folder: string) => changed(`${at}/directory`, { method: "POST", query: { path: `/${folder}` } }),
    move: (from: string, to: string) => changed(at, { method: "PUT", query: { from: `/${from}`, to: `/${to}` } }),
    remove: (path: string) => changed(at, { method: "DELETE", query: { path: `/${path}` } }),
  };
}

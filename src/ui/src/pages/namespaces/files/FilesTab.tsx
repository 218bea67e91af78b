export default function FilesTab(_: { namespace: string }) {
  return null;
}

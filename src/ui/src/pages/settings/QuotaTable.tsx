import { type Quota, quotaRows } from "@/pages/settings/quotas";
import css from "@/pages/settings/Settings.module.css";

/** How much of what namespaces may use is in use; what is full stands out. */
export function QuotaTable({ quotas }: { quotas: readonly Quota[] }) {
  return (
    <div className={css.scroll}>
      <table className={css.table}>
        <thead>
          <tr>
            <th>Namespace</th>
            <th>Of</th>
            <th data-right>Used</th>
            <th data-right>Limit</th>
          </tr>
        </thead>
        <tbody>
          {quotaRows(quotas).map((row) => (
            <tr key={`${row.namespace} ${row.words}`}>
              <td>{row.first && row.namespace}</td>
              <td>{row.words}</td>
              <td data-right className={row.full ? css.full : undefined}>
                {row.used.toLocaleString("en")}
                {row.full && ", full"}
              </td>
              <td data-right>{row.limit.toLocaleString("en")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

import css from "@/pages/settings/Settings.module.css";
import { TokenList } from "@/pages/settings/TokenList";

/** All tokens of the server. */
export default function TokensTab() {
  return (
    <div className={css.inset}>
      <TokenList />
    </div>
  );
}

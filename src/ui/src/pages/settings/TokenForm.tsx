import { Button, Group, Modal, SegmentedControl, Select, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "@/api/client";
import { type ScopeRow, scopesOf, wrongRows, wrongUserName } from "@/pages/settings/grants";
import { PlaceRows } from "@/pages/settings/PlaceRows";
import css from "@/pages/settings/Settings.module.css";
import { Copyable } from "@/parts/Copy";
import { FormEnd } from "@/parts/FormEnd";

interface TokenFormProps {
  opened: boolean;
  onClose: () => void;
  /** An admin makes one for anybody. */
  owners: boolean;
  /** Whose, at first; null: the caller's. */
  user: string | null;
}

/** Make a token; its text is shown once. */
export function TokenForm({ opened, onClose, ...rest }: TokenFormProps) {
  const [made, setMade] = useState<{ name: string; token: string } | null>(null);
  const close = () => {
    setMade(null);
    onClose();
  };
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={made ? `The token ${made.name}` : "New token"}
      size="lg"
      closeOnClickOutside={made === null}
      closeOnEscape={made === null}
    >
      {made ? (
        <div className={css.form}>
          <p className={css.text}>Copy it now: it is shown this once, and kept as a hash only.</p>
          <Copyable text={made.token} command />
          <p className={css.dim}>
            A program sends it as <code>Authorization: Bearer …</code>; the command line reads <code>ONBEAT_TOKEN</code>.
          </p>
          <Group justify="flex-end">
            <Button onClick={close} data-autofocus>
              I have it
            </Button>
          </Group>
        </div>
      ) : (
        <Form {...rest} onClose={close} onMade={setMade} />
      )}
    </Modal>
  );
}

const LIVES = [
  { value: "P7D", label: "In 7 days" },
  { value: "P30D", label: "In 30 days" },
  { value: "P90D", label: "In 90 days" },
  { value: "P365D", label: "In a year" },
  { value: "never", label: "Never" },
];

function Form({
  owners,
  user,
  onClose,
  onMade,
}: Omit<TokenFormProps, "opened"> & { onMade: (made: { name: string; token: string }) => void }) {
  const [name, setName] = useState("");
  const [owner, setOwner] = useState<string | null>(user);
  const [life, setLife] = useState("P90D");
  const [rows, setRows] = useState<ScopeRow[] | null>(null);
  const [tried, setTried] = useState(false);
  const queries = useQueryClient();
  const users = useQuery({ queryKey: ["users"], queryFn: () => api.get("/users"), enabled: owners });
  const wrong = { name: wrongUserName(name), rows: rows ? wrongRows(rows) : null };
  const make = useMutation({
    mutationFn: () =>
      api.post("/tokens", {
        body: {
          name,
          scopes: rows === null ? null : scopesOf(rows),
          expires: life === "never" ? null : life,
          ...(owner ? { user: owner } : {}),
        },
      }),
    onSuccess: (token) => {
      onMade(token);
      return queries.invalidateQueries({ queryKey: ["tokens"] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!wrong.name && !wrong.rows) make.mutate();
  };
  return (
    <form onSubmit={submit} className={css.form}>
      <div className={css.two}>
        <TextInput
          label="Name"
          placeholder="ci"
          data-autofocus
          value={name}
          onChange={(event) => setName(event.target.value)}
          error={tried ? wrong.name : null}
        />
        <Select label="Ends" data={LIVES} value={life} allowDeselect={false} onChange={(next) => setLife(next ?? "P90D")} />
      </div>
      {owners && (
        <Select
          label="Owner"
          description="It may at most what its owner may, and ends with him."
          placeholder="Whoever is logged in here"
          data={(users.data?.results ?? []).map((each) => each.name)}
          value={owner}
          searchable
          clearable
          onChange={setOwner}
        />
      )}
      <div>
        <span className={css.label}>May do</span>
        <SegmentedControl
          aria-label="May do"
          value={rows === null ? "all" : "some"}
          onChange={(next) => setRows(next === "all" ? null : [{ permissions: ["read"], namespace: "", topics: null }])}
          data={[
            { value: "all", label: "All that its owner may" },
            { value: "some", label: "Less" },
          ]}
        />
      </div>
      {rows && <PlaceRows kind="scope" rows={rows} onChange={setRows} />}
      {tried && wrong.rows && <p className={css.wrong}>{wrong.rows}</p>}
      <FormEnd save={make} onClose={onClose} label="Make it" />
    </form>
  );
}

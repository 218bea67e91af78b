/**
 * All design tokens, and the only file that may hold raw values: `npm run lint` refuses colours and sizes elsewhere.
 * Style sheets read them as custom properties: `var(--space-2)`, `var(--text-dim)`, `var(--state-failed)`.
 *
 * Grid: 4 px. Text: 13/20. One accent. State colours are for states only, and each state has an icon of its own beside them.
 */
import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

/** Steps of the grid, in px. */
const SPACE = { 0: 0, half: 2, 1: 4, 2: 8, 3: 12, 4: 16, 5: 20, 6: 24, 8: 32, 10: 40, 12: 48, 16: 64 } as const;

/** Font size and line height of each kind of text, in px. */
const TEXT = { small: [12, 16], body: [13, 20], lead: [14, 20], title: [16, 24], page: [20, 28], figure: [28, 32] } as const;

/** Sizes of things that have one, in px. */
export const SIZE = {
  row: 32,
  control: 32,
  bar: 48,
  nav: 208,
  navNarrow: 56,
  icon: 16,
  read: 720,
  panel: 400,
  hair: 1,
  graphNode: 40,
  dot: 8,
} as const;

/** Widths at which the layout changes, in px (media queries cannot read variables; they repeat these). */
export const BREAK = { phone: 640, narrow: 1024 } as const;

const ACCENT: MantineColorsTuple = [
  "#f1efff",
  "#e0dcff",
  "#c1b8ff",
  "#a093fb",
  "#8571f3",
  "#6f58ec",
  "#5b46e0",
  "#4b38c4",
  "#3d2e9f",
  "#2f247a",
];

/** Of buttons that take something away: white text reads on its shades 5 and 6. */
const RED: MantineColorsTuple = [
  "#fdeae7",
  "#fbd5cf",
  "#f5ab9f",
  "#ee7f6e",
  "#e25a46",
  "#c93a28",
  "#c22f1d",
  "#a32615",
  "#851f12",
  "#66180e",
];

interface Palette {
  ground: string;
  raised: string;
  sunken: string;
  hover: string;
  selected: string;
  line: string;
  lineStrong: string;
  text: string;
  textDim: string;
  textFaint: string;
  accent: string;
  accentText: string;
  accentSoft: string;
  onAccent: string;
  shadow: string;
  codeKey: string;
  codeString: string;
  codeNumber: string;
  codeComment: string;
  codeExpression: string;
  stateSuccess: string;
  stateFailed: string;
  stateWarning: string;
  stateRunning: string;
  statePaused: string;
  stateWaiting: string;
  stateStopped: string;
  softSuccess: string;
  softFailed: string;
  softWarning: string;
  softRunning: string;
  softPaused: string;
  softWaiting: string;
  softStopped: string;
}

export const LIGHT: Palette = {
  ground: "#ffffff",
  raised: "#ffffff",
  sunken: "#f6f6f9",
  hover: "#f1f1f6",
  selected: "#eceafd",
  line: "#e5e5ec",
  lineStrong: "#cfcfda",
  text: "#17171f",
  textDim: "#555566",
  textFaint: "#6c6c7e",
  accent: "#5b46e0",
  accentText: "#4b38c4",
  accentSoft: "#eceafd",
  onAccent: "#ffffff",
  shadow: "0 1px 2px rgb(20 20 40 / 6%), 0 8px 24px rgb(20 20 40 / 10%)",
  codeKey: "#3d2e9f",
  codeString: "#0b6b4f",
  codeNumber: "#9a4a00",
  codeComment: "#6c6c7e",
  codeExpression: "#a3195b",
  stateSuccess: "#0b7a56",
  stateFailed: "#c22f1d",
  stateWarning: "#8f5f00",
  stateRunning: "#0a6fb3",
  statePaused: "#7a4fb5",
  stateWaiting: "#5f6372",
  stateStopped: "#454854",
  softSuccess: "#e2f4ec",
  softFailed: "#fdeae7",
  softWarning: "#fbf0d9",
  softRunning: "#e2f0fa",
  softPaused: "#f0e9fa",
  softWaiting: "#ededf2",
  softStopped: "#e4e4ea",
};

export const DARK: Palette = {
  ground: "#101116",
  raised: "#17181f",
  sunken: "#0b0c10",
  hover: "#1d1f28",
  selected: "#252344",
  line: "#272933",
  lineStrong: "#3a3d4a",
  text: "#ececf2",
  textDim: "#a9abba",
  textFaint: "#8b8d9e",
  accent: "#6f58ec",
  accentText: "#a89bff",
  accentSoft: "#252344",
  onAccent: "#ffffff",
  shadow: "0 1px 2px rgb(0 0 0 / 40%), 0 8px 24px rgb(0 0 0 / 50%)",
  codeKey: "#a89bff",
  codeString: "#5fd0a2",
  codeNumber: "#e9a35b",
  codeComment: "#8b8d9e",
  codeExpression: "#f08bb8",
  stateSuccess: "#45c795",
  stateFailed: "#ff7c69",
  stateWarning: "#e5ac3f",
  stateRunning: "#55b4f0",
  statePaused: "#bd9af0",
  stateWaiting: "#a0a3b2",
  stateStopped: "#c0c2cd",
  softSuccess: "#12291f",
  softFailed: "#361813",
  softWarning: "#2e2410",
  softRunning: "#112738",
  softPaused: "#271d38",
  softWaiting: "#22242d",
  softStopped: "#2b2d37",
};

const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const named = (palette: Palette) => Object.fromEntries(Object.entries(palette).map(([name, value]) => [`--${kebab(name)}`, value]));

const shared: Record<string, string> = {
  ...Object.fromEntries(Object.entries(SPACE).map(([step, px]) => [`--space-${step}`, `${px}px`])),
  ...Object.fromEntries(
    Object.entries(TEXT).flatMap(([kind, [size, line]]) => [
      [`--font-${kind}`, `${size}px`],
      [`--line-${kind}`, `${line}px`],
    ]),
  ),
  ...Object.fromEntries(Object.entries(SIZE).map(([name, px]) => [`--size-${kebab(name)}`, `${px}px`])),
  "--radius": "6px",
  "--radius-large": "10px",
  "--radius-round": "999px",
  "--motion": "140ms",
  "--motion-slow": "180ms",
  "--beat": "1.6s",
  "--second": "1s",
  "--ease": "cubic-bezier(0.2, 0, 0, 1)",
  "--mono": "'JetBrains Mono Variable', ui-monospace, 'SFMono-Regular', Menlo, monospace",
  "--weight-plain": "420",
  "--weight-strong": "560",
  "--weight-title": "620",
};

/** What Mantine writes beside its own variables. */
export const variables: CSSVariablesResolver = () => ({
  variables: shared,
  light: {
    ...named(LIGHT),
    "--mantine-color-body": LIGHT.ground,
    "--mantine-color-text": LIGHT.text,
    "--mantine-color-dimmed": LIGHT.textDim,
    "--mantine-color-default-border": LIGHT.lineStrong,
    "--mantine-color-placeholder": LIGHT.textFaint,
    "--mantine-color-error": LIGHT.stateFailed,
  },
  dark: {
    ...named(DARK),
    "--mantine-color-body": DARK.ground,
    "--mantine-color-text": DARK.text,
    "--mantine-color-dimmed": DARK.textDim,
    "--mantine-color-dark-4": DARK.lineStrong,
    "--mantine-color-dark-5": DARK.hover,
    "--mantine-color-dark-6": DARK.raised,
    "--mantine-color-dark-7": DARK.hover,
    "--mantine-color-dark-8": DARK.sunken,
    "--mantine-color-default": DARK.raised,
    "--mantine-color-default-hover": DARK.hover,
    "--mantine-color-default-border": DARK.lineStrong,
    "--mantine-color-placeholder": DARK.textFaint,
    "--mantine-color-error": DARK.stateFailed,
  },
});

export const theme = createTheme({
  colors: { accent: ACCENT, red: RED },
  primaryColor: "accent",
  primaryShade: { light: 6, dark: 5 },
  fontFamily: "'Inter Variable', system-ui, -apple-system, 'Segoe UI', sans-serif",
  fontFamilyMonospace: shared["--mono"],
  fontSizes: { xs: "12px", sm: "13px", md: "13px", lg: "14px", xl: "16px" },
  lineHeights: { xs: "16px", sm: "20px", md: "20px", lg: "20px", xl: "24px" },
  spacing: { xs: "4px", sm: "8px", md: "12px", lg: "16px", xl: "24px" },
  radius: { xs: "4px", sm: "6px", md: "6px", lg: "10px", xl: "10px" },
  defaultRadius: "sm",
  respectReducedMotion: true,
  cursorType: "pointer",
  headings: {
    fontWeight: "620",
    sizes: {
      h1: { fontSize: "20px", lineHeight: "28px" },
      h2: { fontSize: "16px", lineHeight: "24px" },
      h3: { fontSize: "14px", lineHeight: "20px" },
    },
  },
  components: {
    Button: { defaultProps: { size: "xs" }, styles: { root: { height: "32px", fontSize: "13px" } } },
    ActionIcon: { defaultProps: { size: 32, variant: "subtle", color: "gray" } },
    Input: { vars: () => ({ wrapper: { "--input-height": "32px", "--input-fz": "13px" } }) },
    InputWrapper: {
      vars: () => ({
        label: { "--input-label-size": "13px" },
        error: { "--input-error-size": "12px" },
        description: { "--input-description-size": "12px" },
      }),
    },
    TextInput: { defaultProps: { size: "xs" } },
    NumberInput: { defaultProps: { size: "xs" } },
    PasswordInput: { defaultProps: { size: "xs" } },
    Textarea: { defaultProps: { size: "xs" } },
    Select: { defaultProps: { size: "xs", comboboxProps: { shadow: "md" } } },
    MultiSelect: { defaultProps: { size: "xs" } },
    TagsInput: { defaultProps: { size: "xs" } },
    Autocomplete: { defaultProps: { size: "xs" } },
    Checkbox: { defaultProps: { size: "xs" } },
    Switch: { defaultProps: { size: "xs" } },
    SegmentedControl: { defaultProps: { size: "xs" } },
    DateTimePicker: { defaultProps: { size: "xs" } },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: false, transitionProps: { duration: 120 }, multiline: true, maw: 400 } },
    Modal: {
      styles: { title: { fontSize: "14px", fontWeight: "620" } },
      defaultProps: {
        centered: true,
        closeButtonProps: { "aria-label": "Close" },
        transitionProps: { duration: 140 },
        overlayProps: { backgroundOpacity: 0.4 },
      },
    },
    Drawer: {
      styles: { title: { fontSize: "14px", fontWeight: "620" } },
      defaultProps: {
        closeButtonProps: { "aria-label": "Close" },
        overlayProps: { backgroundOpacity: 0.4 },
        transitionProps: { duration: 160 },
      },
    },
    Menu: { defaultProps: { shadow: "md", transitionProps: { duration: 120 } } },
    Tabs: { defaultProps: { keepMounted: false } },
  },
});

/**
 * YAML whose long lists are not parsed anew for each key.
 *
 * The parser uses a part of the tree before a change again where the blocks around it are the same as then. @lezer/yaml lets the end of
 * the text close all blocks at once, without leaving them: the items of a list that the text ends with (`tasks:` of nearly each flow)
 * count as if they were inside of its last block, and none is ever used again. Here the end closes them one by one, as a line further
 * left does. The trees are the same (yaml.test.ts); a key in a flow of 2,000 lines takes 0.4 ms of parsing instead of 8.
 */
import { yamlLanguage } from "@codemirror/lang-yaml";
import { LanguageSupport, type LRLanguage } from "@codemirror/language";
import { ExternalTokenizer } from "@lezer/lr";

/** The token that ends a block in the grammar of @lezer/yaml 1.0. */
const BLOCK_END = 63;
const END = -1;
/** Of how many numbers, four for each node, a piece of the tree is made that is used again or not. */
const PIECE = 256;

/** Its parser's own tokenizers, which it does not offer: the first one reads what is between lines. */
const [between] = (yamlLanguage.parser as unknown as { tokenizers: readonly ExternalTokenizer[] }).tokenizers;

const closing = new ExternalTokenizer(
  (input, stack) => {
    if (input.next === END && stack.canShift(BLOCK_END)) input.acceptToken(BLOCK_END);
    else (between as unknown as { token: (i: typeof input, s: typeof stack) => void }).token(input, stack);
  },
  { contextual: true },
);

export const language: LRLanguage = between
  ? yamlLanguage.configure({ tokenizers: [{ from: between, to: closing }], bufferLength: PIECE })
  : yamlLanguage;

/** For an editor: colours, folding, indentation. */
export const yaml = (): LanguageSupport => new LanguageSupport(language);

/**
 * Gives uPlot a language that Intl accepts. uPlot makes a number format for `navigator.language` when it loads. Some
 * browsers have a language there that is no language tag, such as `en-US@posix`, and Intl throws.
 */
try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US', configurable: true });
}

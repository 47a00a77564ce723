// Numbers.

export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
export const percent = (value) => (100 * value).toFixed(1).replace(/\.0$/, "");

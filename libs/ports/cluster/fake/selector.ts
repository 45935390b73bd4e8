type Labels = Readonly<Record<string, string>>;

/** Reads a label selector as the API server does (`a=b,c!=d,e in (f,g),h,!i`) into a test; undefined selects all. */
export function selects(selector: string | undefined): (labels: Labels | undefined) => boolean {
  if (!selector) return () => true;
  const tests = (selector.match(/[^,(]+(?:\([^)]*\))?/g) ?? []).map((part) => requirement(part.trim()));
  return (labels = {}) => tests.every((test) => test(labels));
}

function requirement(text: string): (labels: Labels) => boolean {
  const among = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(text);
  if (among) {
    const [, key = '', operator, list = ''] = among;
    const values = new Set(list.split(',').map((value) => value.trim()));
    return (labels) => (labels[key] !== undefined && values.has(labels[key])) === (operator === 'in');
  }
  const equality = /^([^=!\s]+)\s*(=|==|!=)\s*(\S*)$/.exec(text);
  if (equality) {
    const [, key = '', operator, value = ''] = equality;
    return (labels) => (labels[key] === value) === (operator !== '!=');
  }
  return text.startsWith('!')
    ? (labels) => labels[text.slice(1)] === undefined
    : (labels) => labels[text] !== undefined;
}

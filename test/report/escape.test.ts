import { describe, expect, test } from 'vitest';
import { html, linkOrText, scriptJson } from '../../src/report/escape.ts';

const NASTY = '</script><img src=x onerror=alert(1)>"\'&';

describe('html', () => {
  test('escapes what is inserted as text', () => {
    expect(html`<p title="${NASTY}">${NASTY}</p>`.toString()).toBe(
      '<p title="&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;">' +
        '&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;</p>',
    );
  });

  test('leaves markup of its own making as it is, alone or in lists', () => {
    const items = ['a', '<b>'].map((text) => html`<li>${text}</li>`);
    expect(html`<ul>${items}</ul>`.toString()).toBe('<ul><li>a</li><li>&lt;b&gt;</li></ul>');
  });

  test('numbers go in as they are', () => {
    expect(html`${1.5}`.toString()).toBe('1.5');
  });
});

describe('scriptJson', () => {
  test('cannot end its script element and reads back as the same value', () => {
    const value = { text: `${NASTY}\u2028<!--` };
    const text = scriptJson(value).toString();
    expect(text).not.toMatch(/[<>&\u2028]/);
    expect(JSON.parse(text)).toEqual(value);
  });
});

describe('linkOrText', () => {
  test('links web addresses and nothing else', () => {
    expect(linkOrText('https://example.com/a?b=1&c=2').toString()).toContain(
      'href="https://example.com/a?b=1&amp;c=2"',
    );
    expect(linkOrText('javascript:alert(1)').toString()).toBe('javascript:alert(1)');
    expect(linkOrText('Internal review, 2024').toString()).toBe('Internal review, 2024');
  });
});

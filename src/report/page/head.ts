/** How every page of ours begins, up to its body: its rights, its name and its style. */
import { type Html, html, trusted } from '../escape.ts';
import { STYLE } from './style.ts';

/** What a page may do: run and style itself, and nothing of the network. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'unsafe-inline'",
  "style-src 'unsafe-inline'",
  'img-src data: blob:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** @param page version of meshquake, and the title as people know it */
export function pageHead({ title, version }: { title: string; version: string }): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${PAGE_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="meshquake ${version}">
<link rel="icon" href="data:,">
<title>${title} · meshquake</title>
<style>${trusted(STYLE)}</style>
</head>`;
}

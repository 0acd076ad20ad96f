// SPDX-License-Identifier: Apache-2.0
// The reference's site in headless Chromium. Prints one JSON object: the name of each check, "" or what is wrong.
//
//     node site.js BASE_URL FOLDER CHROMIUM       FOLDER: the same site on the disk
//
// SLUICE_SCREENSHOTS names a folder for pictures of the pages.
import { chromium } from 'playwright-core';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const axe = createRequire(import.meta.url)('axe-core');
const [base, folder, executablePath] = process.argv.slice(2);
const pictures = process.env.SLUICE_SCREENSHOTS;
const PAGES = { index: 'index.html', 430: 'codes/430.html', '301-430': 'compare/301/430.html' };
const results = {};

function check(right, sentence) {
	if (!right)
		throw new Error(sentence);
}

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });

// Runs `test` on a page of its own; what the browser complains of, and a request to another host, is a fault.
async function run(name, options, test) {
	const context = await browser.newContext({ viewport: { width: 1000, height: 800 }, ...options });
	const page = await context.newPage();
	const faults = [];
	page.setDefaultTimeout(10000);
	page.on('console', message => ['error', 'warning'].includes(message.type()) && faults.push(`console: ${message.text()}`));
	page.on('pageerror', error => faults.push(`script: ${error.message}`));
	// Whoever leaves a page before its icon has come aborts that request; nothing is wrong with it.
	page.on('requestfailed', request => request.failure().errorText !== 'net::ERR_ABORTED' && faults.push(`request failed: ${request.url()}`));
	page.on('response', response => response.status() >= 400 && faults.push(`${response.status()}: ${response.url()}`));
	page.on('request', request => !request.url().startsWith(base) && !request.url().startsWith('file:') && faults.push(`another host: ${request.url()}`));
	try {
		await test(page);
	} catch (error) {
		faults.push(error.message);
	}
	results[name] = faults.join('\n');
	await context.close();
}

async function shown(page) {
	return page.locator('main .codes li:visible .n').allTextContents();
}

async function search(page, language, words) {
	await page.goto(`${base}/${language}/index.html`);
	await page.fill('#q', words);
	return shown(page);
}

await run('search_by_number', {}, async page => {
	const found = await search(page, 'en', '430');
	check(found.join() === '430', `430 finds ${found}`);
	await page.press('#q', 'Enter');
	await page.waitForURL('**/en/codes/430.html');
});
await run('search_in_another_language', {}, async page => {
	const found = await search(page, 'en', 'занято');
	check(found.includes('486') && found.length < 15, `занято finds ${found}`);
	check((await page.textContent('#found')).includes(String(found.length)), 'the count is told');
});
await run('search_by_word', {}, async page => {
	const found = await search(page, 'ru', 'flow');
	check(found.includes('430') && found.length < 15, `flow finds ${found}`);
	await page.fill('#q', 'flow zebra');
	check((await shown(page)).length === 0 && await page.textContent('#found') !== '', 'nothing is found, and it is told');
	await page.fill('#q', '');
	check((await shown(page)).length === 75, 'an empty question shows all');
});
await run('index_without_script', { javaScriptEnabled: false }, async page => {
	await page.goto(`${base}/ru/index.html`);
	check((await shown(page)).length === 75, 'all codes are listed');
	check(!await page.isVisible('#search'), 'a search that cannot work is not shown');
});
await run('language_switch_keeps_the_page', {}, async page => {
	await page.goto(`${base}/en/compare/301/430.html`);
	await page.click('nav.languages a[hreflang=ru]');
	await page.waitForURL('**/ru/compare/301/430.html');
	check(await page.getAttribute('html', 'lang') === 'ru', 'lang=ru');
	await page.click('nav.languages a[hreflang=en]');
	await page.waitForURL('**/en/compare/301/430.html');
	for (const link of await page.locator('link[hreflang]').all())
		check((await page.request.get(await link.evaluate(l => l.href))).ok(), 'each alternate is there');
});
await run('links_lead_somewhere', {}, async page => {
	for (const path of Object.values(PAGES)) {
		await page.goto(`${base}/en/${path}`);
		const links = await page.locator('a[href], link[href]').evaluateAll(all => all.map(a => a.href));
		for (const link of new Set(links.filter(l => l.startsWith(base)).map(l => l.replace(/#.*/, ''))))
			check((await page.request.get(link)).ok(), `${path} links to ${link}`);
		const lost = await page.locator('a[href^="#"]').evaluateAll(all => all.map(a => a.hash.slice(1)).filter(id => !document.getElementById(id)));
		check(!lost.length, `${path}: no anchors ${lost}`);
	}
});
await run('skip_link', {}, async page => {
	await page.goto(`${base}/en/codes/430.html`);
	await page.keyboard.press('Tab');
	check(await page.evaluate(() => document.activeElement.className) === 'skip', 'the first stop of the keyboard');
	await page.keyboard.press('Enter');
	check(await page.evaluate(() => document.activeElement.id) === 'text', 'leads to the text');
});
await run('dark_scheme', { colorScheme: 'dark' }, async page => {
	await page.goto(`${base}/en/codes/430.html`);
	const rgb = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number));
	check(Math.max(...rgb.slice(0, 3)) < 64, `the ground is ${rgb}`);
});
await run('print', {}, async page => {
	await page.goto(`${base}/en/codes/430.html`);
	await page.emulateMedia({ media: 'print' });
	check(!await page.isVisible('header') && await page.isVisible('main h1'), 'the text without the ways to other pages');
});
await run('opens_from_a_disk', {}, async page => {
	await page.goto(pathToFileURL(folder + '/index.html').href);
	await page.click('a[hreflang=en]');
	await page.fill('#q', '430');
	check((await shown(page)).join() === '430', 'the search works');
	await page.click('main .codes li:visible a');
	check((await page.textContent('h1')).includes('Flow Failed'), 'so does a link');
	check(await page.evaluate(() => getComputedStyle(document.body).maxWidth) !== 'none', 'and the style');
});
for (const language of ['en', 'ru'])
	for (const [name, path] of Object.entries(PAGES)) {
		await run(`phone_width_${language}_${name}`, { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true }, async page => {
			await page.goto(`${base}/${language}/${path}`);
			const width = await page.evaluate(() => document.documentElement.scrollWidth);
			if (pictures)
				await page.screenshot({ path: `${pictures}/${language}-${name}-phone.png`, fullPage: true });
			check(width <= 360, `the page is ${width} wide`);
		});
		for (const colorScheme of ['light', 'dark'])
			await run(`accessible_${language}_${name}_${colorScheme}`, { colorScheme }, async page => {
				await page.goto(`${base}/${language}/${path}`);
				if (pictures)
					await page.screenshot({ path: `${pictures}/${language}-${name}-${colorScheme}.png`, fullPage: true });
				await page.evaluate(axe.source);
				const found = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
				check(!found.violations.length, found.violations.map(v => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map(n => n.html)}`).join('\n'));
			});
	}
await browser.close();
console.log(JSON.stringify(results));

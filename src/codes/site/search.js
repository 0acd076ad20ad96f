/* SPDX-License-Identifier: Apache-2.0 */
/* The search of the index: filters the list that is in the page, in all languages. Without it the list is complete. */
'use strict';
(function () {
	const form = document.getElementById('search'), field = document.getElementById('q'), found = document.getElementById('found');
	const fold = text => text.toLowerCase().replace(/ё/g, 'е');
	const items = Array.from(document.querySelectorAll('main .codes li'), item => ({
		item, number: item.querySelector('.n').textContent, words: fold(item.textContent + ' ' + item.dataset.words) }));

	function fits(entry, word) {
		return /^\d{1,3}$/.test(word) ? entry.number.startsWith(word) : entry.words.includes(word);
	}

	function filter() {
		const words = fold(field.value).split(/\s+/).filter(Boolean);
		let count = 0;
		for (const entry of items) {
			entry.item.hidden = !words.every(word => fits(entry, word));
			count += entry.item.hidden ? 0 : 1;
		}
		for (const section of document.querySelectorAll('main section'))
			section.hidden = !section.querySelector('li:not([hidden])');
		found.textContent = !words.length ? '' : count ? found.dataset.found.replace('#', count) : found.dataset.none;
	}

	form.hidden = false;
	form.addEventListener('submit', event => {
		event.preventDefault();
		filter();
		const left = document.querySelectorAll('main .codes li:not([hidden]) a');
		if (field.value.trim() && left.length === 1)
			location.href = left[0].href;
	});
	field.addEventListener('input', filter);
	filter();
})();

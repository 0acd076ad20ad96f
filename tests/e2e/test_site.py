# SPDX-License-Identifier: Apache-2.0
"""The reference as a site: what `sluice codes export` writes, opened in a real browser (tests/browser/site.js)."""
import functools
import http.server
import json
import os
import shutil
import subprocess
import threading

import pytest

BROWSER = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'browser')
SLUICE = os.environ.get('SLUICE_BIN', 'sluice')
PAGES = ['index', '430', '301-430']
CHECKS = ['search_by_number', 'search_in_another_language', 'search_by_word', 'index_without_script', 'language_switch_keeps_the_page',
          'links_lead_somewhere', 'skip_link', 'dark_scheme', 'print', 'opens_from_a_disk']
CHECKS += [f'phone_width_{language}_{page}' for language in ('en', 'ru') for page in PAGES]
CHECKS += [f'accessible_{language}_{page}_{scheme}' for language in ('en', 'ru') for page in PAGES for scheme in ('light', 'dark')]


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp('site') / 'codes'
    done = subprocess.run([SLUICE, 'codes', 'export', out], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    yield out
    shutil.rmtree(out)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope='module')
def browsed(folder):
    """name of a check -> '' or what is wrong."""
    chromium, node = shutil.which('chromium'), shutil.which('node')
    if not chromium or not node:
        pytest.skip('no chromium or no node: apt-get install chromium nodejs npm')
    if not os.path.isdir(os.path.join(BROWSER, 'node_modules', 'playwright-core')):
        pytest.skip('no playwright-core: npm ci in tests/browser')
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            done = subprocess.run([node, 'site.js', f'http://127.0.0.1:{server.server_port}', folder, chromium], cwd=BROWSER, capture_output=True,
                                  text=True, timeout=180)
        finally:
            server.shutdown()
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize('check', CHECKS)
def test_in_a_browser(browsed, check):
    assert browsed[check] == ''


def test_every_check_of_the_browser_is_asked_for(browsed):
    assert sorted(browsed) == sorted(CHECKS)


def test_every_code_and_pair_has_a_page_in_each_language(folder):
    for language in ('en', 'ru'):
        codes = sorted(path.stem for path in (folder / language / 'codes').glob('*.html'))
        assert len(codes) == 75
        for i, low in enumerate(codes):
            assert {path.stem for path in (folder / language / 'compare' / low).glob('*.html')} == set(codes[i + 1:])
        for page in (folder / language).rglob('*.html'):
            assert page.with_suffix('.json').exists()


def test_json_beside_a_page_is_json(folder):
    for path in ('en/index.json', 'ru/codes/430.json', 'en/compare/301/430.json'):
        json.loads((folder / path).read_text(encoding='utf-8'))


def export(where):
    return subprocess.run([SLUICE, '--lang', 'en', 'codes', 'export', where], capture_output=True, text=True, timeout=60)


def test_a_second_export_replaces_the_first(folder):
    page = folder / 'en/codes/430.html'
    before = page.read_bytes()
    page.write_bytes(b'old' * 100000)
    assert export(folder).returncode == 0
    assert page.read_bytes() == before


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / 'taken').write_text('')
    done = export(tmp_path / 'taken')
    assert done.returncode == 1 and 'there is a file where a folder is needed' in done.stderr


def test_no_folder_above(tmp_path):
    done = export(tmp_path / 'a' / 'b')
    assert done.returncode == 1 and 'mkdir -p' in done.stderr

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes a small site of the lessons: a page each, with the ladders as pictures, and the tasks beside them.

usage: docs/lessons/site.py FOLDER [PROGRAM]      the program is ./lastack of this tree, unless another is named

Needs cmark (the CommonMark converter, in every distribution). Exit status: 0; 1 a lesson's command failed; 3 there is no cmark.
"""
import html
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
STYLE = """
:root { color-scheme: light dark; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; font: 1.1rem/1.55 system-ui, sans-serif; }
pre, code { font-family: "DejaVu Sans Mono", Menlo, Consolas, ui-monospace, monospace; }
pre { overflow-x: auto; padding: .8rem; font-size: .85rem; line-height: 1.17; background: color-mix(in srgb, currentColor 7%, transparent); }
figure { margin: 1.2rem 0; padding: .6rem; background: #ffffff; border-radius: .4rem; overflow-x: auto; }
figure img { display: block; margin: auto; max-width: 100%; height: auto; }
.predict { border-left: .3rem solid #b06000; padding: .1rem 1rem; background: color-mix(in srgb, #b06000 12%, transparent); }
nav { display: flex; justify-content: space-between; gap: 1rem; margin: 2rem 0; }
summary { cursor: pointer; }
"""


def cmark(text):
    return subprocess.run(["cmark", "--unsafe"], input=text, capture_output=True, text=True, encoding="utf-8", check=True).stdout


def picture(program, words, name, folder):
    """The run of a console block as SVG; the page shows it once the reader has said what to expect."""
    done = subprocess.run([program, *words, "--format", "svg"], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        sys.exit(f"site.py: lastack {' '.join(words)} --format svg: {done.stderr}")
    (folder / "pictures" / name).write_text(done.stdout, encoding="utf-8")
    title = re.search(r"<title[^>]*>(.*?)</title>", done.stdout)
    return html.unescape(title.group(1)) if title else name


def console(program, block, stem, number, folder):
    command, _, shown = block.partition("\n")
    words = command.split()[2:]
    text = f"<pre>$ lastack {html.escape(' '.join(words))}\n{html.escape(shown)}</pre>"
    if words[0] != "run":
        return f"<details><summary><code>lastack {html.escape(' '.join(words))}</code></summary>\n{text}\n</details>\n"
    name = f"{stem}-{number}.svg"
    title = picture(program, words, name, folder)
    return (f"<details><summary><code>lastack {html.escape(' '.join(words))}</code></summary>\n"
            f'<figure><img src="pictures/{name}" alt="{html.escape(title, quote=True)}: the ladder; the same as text below"></figure>\n'
            f"<details><summary>as text</summary>\n{text}\n</details>\n</details>\n")


def opened(blocks, match):
    """A block, and in it what is said of it afterwards: that is the answer, and comes into sight with the ladder."""
    block, after = blocks[int(match.group(1))], match.group(2)
    return block[:block.rindex("</details>")] + after + "</details>\n"


def body(program, path, folder):
    text = path.read_text(encoding="utf-8")
    blocks = []

    def keep(match):
        blocks.append(console(program, match.group(1), path.stem, len(blocks) + 1, folder))
        return f"\n<!--block {len(blocks) - 1}-->\n"

    text = re.sub(r"^```console\n(.*?)^```\n", keep, text, flags=re.M | re.S)
    made = cmark(text)
    made = re.sub(r"<p>(<strong>Predict\.</strong>)", r'<p class="predict">\1', made)
    made = re.sub(r"<!--block (\d+)-->\n*(.*?)(?=<!--block|<p class=\"predict\"|<h2|\Z)", lambda m: opened(blocks, m), made, flags=re.S)
    made = re.sub(r"cp docs/lessons/(tasks/\S+\.scn) ", r'cp <a href="\1">docs/lessons/\1</a> ', made)
    return re.sub(r'href="([^":]+)\.md"', r'href="\1.html"', made)


def page(title, inner, before, after):
    links = [f'<a rel="{rel}" href="{href}">{html.escape(words)}</a>' for rel, href, words in (before, after) if href]
    return ('<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n'
            f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{inner}</main>\n"
            f"<nav>{' '.join(links)}</nav>\n</body>\n</html>\n")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if shutil.which("cmark") is None:
        print("site.py: there is no cmark here; install the package of that name", file=sys.stderr)
        return 3
    folder = pathlib.Path(sys.argv[1])
    program = str(pathlib.Path(sys.argv[2]).resolve()) if len(sys.argv) > 2 else str(ROOT / "lastack")
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    lessons = sorted(HERE.glob("[0-9]*.md"))
    pages = [(HERE / "README.md", "index.html")] + [(path, path.stem + ".html") for path in lessons]
    titles = [path.read_text(encoding="utf-8").split("\n")[0].lstrip("# ") for path, _ in pages]
    for i, (path, name) in enumerate(pages):
        before = ("prev", pages[i - 1][1], titles[i - 1]) if i > 0 else ("prev", "", "")
        after = ("next", pages[i + 1][1], titles[i + 1]) if i + 1 < len(pages) else ("next", "", "")
        (folder / name).write_text(page(titles[i], body(program, path, folder), before, after), encoding="utf-8")
    shutil.copytree(HERE / "tasks", folder / "tasks", dirs_exist_ok=True)
    print(f"{folder}/index.html")
    return 0


sys.exit(main())

#!/usr/bin/env python3
"""Makes cjk.ttf: the glyphs of common Chinese characters (and kana), cut out of Droid Sans Fallback (Apache-2.0).

    apt-get download fonts-droid-fallback && dpkg-deb -x fonts-droid-fallback_*.deb droid
    pip install fonttools==4.68.0
    ./make-cjk.py droid/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf cjk.ttf

Characters: GB 2312 (simplified Chinese, levels 1 and 2, with its punctuation and kana) and level 1 of Big5
(traditional Chinese).
"""

import sys

from fontTools import subset
from fontTools.ttLib import TTFont


def of_plane(encoding, first_rows, cells):
    """Characters of a two-byte encoding, by row and cell."""
    for row in first_rows:
        for cell in cells:
            try:
                yield from bytes([row, cell]).decode(encoding)
            except UnicodeDecodeError:
                pass


def characters():
    cells = range(0xA1, 0xFF)
    chosen = set(of_plane("gb2312", range(0xA1, 0xA4), cells))  # punctuation, numbers, full-width Latin
    chosen |= set(of_plane("gb2312", range(0xA4, 0xA6), cells))  # kana
    chosen |= set(of_plane("gb2312", range(0xB0, 0xF8), cells))  # levels 1 and 2
    big5 = [*range(0x40, 0x7F), *cells]
    chosen |= set(of_plane("big5", range(0xA4, 0xC7), big5))  # level 1: traditional
    return {ord(c) for c in chosen if ord(c) >= 0x2E80}


def main():
    source, target = sys.argv[1:]
    font = TTFont(source)
    options = subset.Options(
        layout_features=[], hinting=False, glyph_names=False, notdef_outline=True, name_IDs=[0, 1, 2, 5, 13], recalc_timestamp=False
    )
    # Chinese needs no layout tables, and glyphs that only these reach are not wanted.
    for table in ("GSUB", "GPOS", "GDEF", "vhea", "vmtx", "kern", "VORG"):
        if table in font:
            del font[table]
    cutter = subset.Subsetter(options)
    wanted = characters() & set(font.getBestCmap())
    cutter.populate(unicodes=wanted)
    cutter.subset(font)
    font.save(target)
    print(f"{len(wanted)} characters, {len(font.getGlyphOrder())} glyphs")


if __name__ == "__main__":
    main()

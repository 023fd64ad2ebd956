# SPDX-License-Identifier: MIT
"""What stands on a terminal: the sequences that lastack uses, and those of a shell, carried out on a grid of characters."""
import re

TOKEN = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|\x1b[\]P][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][A-Z0-9]|\x1b[=>78]|[^\x1b]", re.S)


class Screen:
    def __init__(self, columns, lines):
        self.other = False  # the other screen of those two
        self.kept = None  # the one that a shell's text stands on, meanwhile
        self.cursor, self.wraps, self.styled = True, True, False
        self.rest = b""
        self.resize(columns, lines)

    def resize(self, columns, lines):
        self.columns, self.lines = columns, lines
        self.grid = [[" "] * columns for _ in range(lines)]
        self.row = self.column = 0

    def feed(self, data):
        data = self.rest + data
        text = data.decode("utf-8", "ignore")
        cut = max(text.rfind("\x1b"), 0)
        if text[cut:cut + 1] == "\x1b" and not TOKEN.match(text, cut):
            self.rest, text = text[cut:].encode(), text[:cut]
        else:
            self.rest = b""
        for token in TOKEN.finditer(text):
            if token.group(2):
                self.control(token.group(1), token.group(2))
            elif token.group(0)[0] != "\x1b":
                self.put(token.group(0))

    def put(self, character):
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.down()
        elif character == "\b":
            self.column = max(self.column - 1, 0)
        elif character >= " ":
            if self.column == self.columns and self.wraps:
                self.column = 0
                self.down()
            self.grid[self.row][min(self.column, self.columns - 1)] = character
            self.column = min(self.column + 1, self.columns)

    def down(self):
        if self.row + 1 < self.lines:
            self.row += 1
        else:
            self.grid = self.grid[1:] + [[" "] * self.columns]

    def control(self, words, letter):
        numbers = [int(n) if n.isdigit() else 0 for n in words.lstrip("?").split(";")]
        if letter == "H":
            self.row = min(max(numbers[0], 1), self.lines) - 1
            self.column = min(max(numbers[1] if len(numbers) > 1 else 1, 1), self.columns) - 1
        elif letter == "K":
            self.grid[self.row][self.column:] = [" "] * (self.columns - self.column)
        elif letter == "J":
            first = 0 if numbers[0] >= 2 else self.row + 1
            for row in range(first, self.lines):
                self.grid[row] = [" "] * self.columns
        elif letter == "m":
            self.styled = self.styled or numbers != [0]
        elif letter in "hl" and words.startswith("?"):
            self.mode(numbers[0], letter == "h")

    def mode(self, number, on):
        if number == 7:
            self.wraps = on
        elif number == 25:
            self.cursor = on
        elif number == 1049 and on != self.other:
            self.other = on
            if on:
                self.kept = (self.grid, self.row, self.column)
                self.grid = [[" "] * self.columns for _ in range(self.lines)]
            elif len(self.kept[0]) == self.lines and len(self.kept[0][0]) == self.columns:
                self.grid, self.row, self.column = self.kept

    def page(self):
        return "\n".join("".join(row).rstrip() for row in self.grid).rstrip("\n")

"""What is measured: a list of figures, as a table and as build/bench.json."""
import json


class Figures:
    def __init__(self):
        self.all = []

    def add(self, name, value, unit, aim=None, holds=None):
        """A figure; `aim` is a text such as "at least 1.0"."""
        self.all.append({"name": name, "value": value, "unit": unit, "aim": aim, "holds": holds})

    def at_least(self, name, value, unit, aim):
        self.add(name, value, unit, f"at least {aim:g}", value >= aim)

    def at_most(self, name, value, unit, aim):
        self.add(name, value, unit, f"at most {aim:g}", value <= aim)

    def broken(self, name, unit, aim):
        """Something that should have been measured and could not be."""
        self.add(name, None, unit, aim, False)

    def write(self, path):
        with open(path, "w") as out:
            json.dump(self.all, out, indent=2)
            out.write("\n")

    def print_table(self):
        print(f"\n{'figure':38} {'value':>12} {'unit':26} {'aim':14} holds")
        for figure in self.all:
            holds = "" if figure["holds"] is None else ("yes" if figure["holds"] else "NO")
            value = "none" if figure["value"] is None else figure["value"]
            print(f"{figure['name']:38} {value:>12} {figure['unit']:26} "
                  f"{figure['aim'] or '':14} {holds}")

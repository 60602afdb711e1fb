#!/usr/bin/env python3
"""Makes include/pleat/data/rotamer_table.hpp: means of side-chain torsions by residue type and rotamer.

    python3 make_table.py FOLDER... > rotamer_table.hpp

reads all *.pdb.gz in the folders (first model, first alternate location) with nothing but the standard library. Every chi angle is
put into one of three ranges: 0..120, 120..240, 240..360 degrees, or, where half a turn changes nothing (the last angle of ASP, GLU,
PHE, TYR), 0..60, 60..120, 120..180. A rotamer is one combination of ranges; it is listed with the circular means of its angles and
with its share of the residues of its type, if that is at least 1 %.
"""
import glob
import gzip
import math
import os
import sys

TYPES = "GLY ALA SER PRO VAL THR CYS ILE LEU ASN ASP GLN LYS GLU MET HIS PHE ARG TYR TRP".split()
CHIS = {"ARG": "CG CD NE CZ", "ASN": "CG OD1", "ASP": "CG OD1", "CYS": "SG", "GLN": "CG CD OE1", "GLU": "CG CD OE1", "HIS": "CG ND1",
        "ILE": "CG1 CD1", "LEU": "CG CD1", "LYS": "CG CD CE NZ", "MET": "CG SD CE", "PHE": "CG CD1", "PRO": "CG CD", "SER": "OG",
        "THR": "OG1", "TRP": "CG CD1", "TYR": "CG CD1", "VAL": "CG1"}
HALF_TURN = {("ASP", 1), ("GLU", 2), ("PHE", 1), ("TYR", 1)}


def dihedral(a, b, c, d):
    sub = lambda p, q: [p[i] - q[i] for i in range(3)]
    cross = lambda p, q: [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]]
    dot = lambda p, q: sum(x * y for x, y in zip(p, q))
    u, v, w = sub(b, a), sub(c, b), sub(d, c)
    m, n = cross(u, v), cross(v, w)
    return math.degrees(math.atan2(math.sqrt(dot(v, v)) * dot(u, n), dot(m, n))) % 360


def residues(path):
    """{(chain, number and insertion code, name): {atom name: position}} of the first model."""
    found = {}
    with gzip.open(path, "rt") as file:
        for line in file:
            if line.startswith("ENDMDL"):
                break
            if line.startswith("ATOM") and line[16] in " A":
                key = (line[21], line[22:27], "MET" if line[17:20] == "MSE" else line[17:20])
                found.setdefault(key, {}).setdefault(line[12:16].strip(), [float(line[i:i + 8]) for i in (30, 38, 46)])
    return found


def main():
    rotamers, totals, files = {}, {}, 0
    for folder in sys.argv[1:]:
        for path in sorted(glob.glob(os.path.join(folder, "*.pdb.gz"))):
            files += 1
            for (_, _, name), atoms in residues(path).items():
                chain = ["N", "CA", "CB"] + CHIS.get(name, "").split()
                if len(chain) == 3 or any(atom not in atoms for atom in chain):
                    continue
                angles, ranges = [], []
                for k in range(len(chain) - 3):
                    period = 180 if (name, k) in HALF_TURN else 360
                    angle = dihedral(*(atoms[atom] for atom in chain[k:k + 4])) % period
                    angles.append(angle), ranges.append(int(angle * 3 / period) % 3)
                totals[name] = totals.get(name, 0) + 1
                sums = rotamers.setdefault((name, tuple(ranges)), [0] + [[0.0, 0.0] for _ in angles])
                sums[0] += 1
                for k, angle in enumerate(angles):
                    turn = math.radians(angle * (2 if (name, k) in HALF_TURN else 1))
                    sums[k + 1][0] += math.cos(turn)
                    sums[k + 1][1] += math.sin(turn)
    rows = []
    for (name, ranges), (count, *sums) in sorted(rotamers.items(), key=lambda r: (TYPES.index(r[0][0]), -r[1][0], r[0][1])):
        if count < 0.01 * totals[name]:
            continue
        means = [math.degrees(math.atan2(s, c)) / (2 if (name, k) in HALF_TURN else 1) for k, (c, s) in enumerate(sums)]
        means += [0.0] * (4 - len(means))
        rows.append("{%d, %.4f, {%s}}" % (TYPES.index(name), count / totals[name], ", ".join("%.1f" % m for m in means)))
    print("""#pragma once
/// \\file  Means of side-chain torsions by residue type and rotamer, counted by examples/rotamers/make_table.py; do not edit.

#include <array>
#include <cstdint>

namespace pleat::inline v0_1 {

/// One rotamer: all chi angles of a residue type within the same thirds of a turn.
struct Rotamer {
  std::uint8_t type = 0; ///< residue type
  double share = 0;      ///< of the residues of this type
  double chi[4] = {};    ///< circular means, degrees; 0 where there is no such angle
};
""")
    print("/// From %d residues with complete side chains in %d files; rotamers of at least 1 %% of their type, the most frequent first." %
          (sum(totals.values()), files))
    print("inline constexpr std::array<Rotamer, %d> rotamer_table = {{" % len(rows))
    for i in range(0, len(rows), 2):
        print("    " + ", ".join(rows[i:i + 2]) + ",")
    print("}};\n\n} // namespace pleat::inline v0_1")


main()

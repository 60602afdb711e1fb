#include "tool_runs.hpp"

#include <cstdio>

using namespace tool_runs;

namespace {

using Words = std::vector<std::string>;
const std::string structures = PLEAT_TEST_DATA "/../examples/data/structures";

struct Tables {
  std::string labels = scratch()("labels.tsv"), split = scratch()("neighbours_split.tsv");
  Tables() {
    // Both chains of 117E are one cluster: neither may be the neighbour of the other.
    spill(labels, "file\tchain\tec\tevidence\n117e.pdb.gz\tA\t3.6.1.1\tx\n117e.pdb.gz\tB\t3.6.1.1\tx\n"
                  "11as.pdb.gz\tA\t6.3.1.1;6.3.1.-\tx\n103l.pdb.gz\tA\t3.2.1.17\tx\n1A8O.pdb.gz\tA\t6.3.1.-\tx\n");
    spill(split, "file\tchain\tcluster\tcomponent\tsplit\n117e.pdb.gz\tA\tc1\tk1\ttrain\n117e.pdb.gz\tB\tc1\tk1\ttrain\n"
                 "11as.pdb.gz\tA\tc2\tk2\ttrain\n103l.pdb.gz\tA\tc3\tk3\ttrain\n1A8O.pdb.gz\tA\tc4\tk4\ttrain\n");
  }
  Words words(const Words& models) const {
    Words all{"neighbours", "--labels", labels, "--split", split, "--structures", structures};
    for (const std::string& model : models) all.insert(all.end(), {"--model", model});
    return all;
  }
};

/// Fmax and micro AUPR of the line that begins with `name`.
std::pair<double, double> scores(const std::string& out, const std::string& name) {
  std::pair<double, double> found{-1, -1};
  const std::size_t at = out.find("\n" + name + " ");
  if (at != out.npos) std::sscanf(out.c_str() + at + 1 + name.size(), "%lf %lf", &found.first, &found.second);
  return found;
}

} // namespace

BOOST_AUTO_TEST_SUITE(neighbours)

BOOST_AUTO_TEST_CASE(encoders_beside_their_baselines) {
  const Tables tables;
  const std::string pre = scratch()("neighbours_pre");
  BOOST_REQUIRE(
      run({"pretrain-structure", "--objective", "residue-type", "--level", "residue", "--structures", structures + "/117e.pdb.gz",
           "--all", "--output", pre, "--quiet", "--budget", "600", "--steps", "2", "--validate-every", "0"})
          .code == 0);
  const Ran r = run(tables.words({pre}));
  BOOST_REQUIRE_MESSAGE(r.code == 0, r.err);
  BOOST_TEST(r.out.find("A demonstration, no benchmark: 5 chains of 4 clusters, 4 classes;") == 0u);
  for (const std::string& name : {std::string("composition"), std::string("random weights, gearnet-edge-residue-64x4"), pre}) {
    const auto [f1, aupr] = scores(r.out, name);
    BOOST_TEST((f1 > 0 && f1 < 1), name); // no class of one cluster only can be found, so it is never perfect
    BOOST_TEST((aupr > 0 && aupr < 1), name);
  }
  BOOST_TEST(run(tables.words({pre})).out == r.out);
  const Ran none = run(tables.words({"none"}));
  BOOST_TEST(r.out.find(none.out) == 0u); // the same table, without the run
  BOOST_TEST(std::count(none.out.begin(), none.out.end(), '\n') == 6);
  BOOST_TEST(none.out.find("\ngearnet-edge-residue-64x4 on cpu\n\n") != std::string::npos);

  BOOST_TEST(refuses(tables.words({scratch()("nowhere")}), 1, "nowhere"));
  spill(tables.labels, "file\tchain\tec\n117e.pdb.gz\tC\t3.6.1.1\n");
  BOOST_TEST(refuses(tables.words({"none"}), 1, "has no chain \"C\" of \"117e.pdb.gz\", only \"A\", \"B\""));
  spill(tables.labels, "file\tchain\tec\n117e.pdb.gz\tA\t3.6.1.1\n117e.pdb.gz\tB\t3.6.1.1\n");
  BOOST_TEST(refuses(tables.words({"none"}), 1, "at least two clusters"));
  Words words = tables.words({});
  BOOST_TEST(refuses(words, 2, "--model is required"));
}

BOOST_AUTO_TEST_SUITE_END()

#include <boost/test/unit_test.hpp>
#include <pleat/data/tasks.hpp>
#include <set>
#include <string>
#include <vector>

using namespace pleat;

namespace {
Task task_of(const std::string& text, const char* name) {
  MemorySource source(text, "t.csv");
  return load_task(source, name);
}
bool says(const std::string& text, const char* name, const char* what) {
  try {
    task_of(text, name);
  } catch (const Error& error) {
    if (std::string(error.what()).find(what) != std::string::npos) return true;
    BOOST_TEST_MESSAGE("said: " << error.what());
  }
  return false;
}
/// 10 classes, class c has (c + 1) * 4 train examples and one of each other split.
std::string table_of_classes() {
  std::string text = "id,sequence,label,split\n";
  int n = 0;
  const auto row = [&](int c, const char* split) {
    std::string sequence;
    for (int i = n++; i > 0; i /= 20) sequence += letter_of(token_of_residue_type(i % 20));
    text += "p" + std::to_string(n) + ",M" + sequence + "," + std::to_string(c) + "," + split + "\n";
  };
  for (int c = 0; c < 10; ++c) {
    for (int i = 0; i < (c + 1) * 4; ++i) row(c, "train");
    row(c, "valid");
    row(c, "test");
  }
  return text;
}
} // namespace

BOOST_AUTO_TEST_SUITE(tasks)

BOOST_AUTO_TEST_CASE(single_sequences) {
  const Task task = task_of("split,id,sequence,label\ntrain,a,MKV,51.5\nvalid,b,MKV,-3e0\ntest,c,LLA,38.7\n", "thermostability");
  BOOST_TEST((task.kind == TaskKind::Regression));
  BOOST_TEST(task.sequences.size() == 2); // MKV once
  BOOST_TEST(task.examples[1].first == 0);
  BOOST_TEST(task.examples[1].second == -1);
  BOOST_TEST(task.examples[1].label == -3.0);
  BOOST_TEST(task.count(Split::Test) == 1);
  BOOST_TEST(task.of(Split::Test).at(0) == 2);
  BOOST_TEST(task.ids[2] == "c");
}

BOOST_AUTO_TEST_CASE(pairs) {
  const Task task =
      task_of("id,sequence_a,sequence_b,label,split\nA|B,MKV,LLA,1,train\nB|C,LLA,WW,0,valid\nC|A,WW,MKV,0,test\n", "human_ppi");
  BOOST_TEST(task.paired);
  BOOST_TEST(task.sequences.size() == 3);
  BOOST_TEST(task.sequences.id(1) == "B");
  BOOST_TEST(task.examples[2].first == 2);
  BOOST_TEST(task.examples[2].second == 0);
}

BOOST_AUTO_TEST_CASE(bad_tables_name_the_line) {
  const std::string head = "id,sequence,label,split\n";
  BOOST_TEST(says("id,sequence,split\na,M,train\n", "deeploc_binary", "t.csv: the column \"label\" is missing"));
  BOOST_TEST(says(head + "a,M,1,train\n", "human_ppi", "\"sequence_a\" is missing"));
  BOOST_TEST(says(head + "a,M,1,train\nb,M,yes,train\n", "deeploc_binary", "t.csv:3: the label \"yes\" is not a number"));
  for (const char* label : {"2", "-1", "0.5", "", "nan", "inf", "1 "})
    BOOST_TEST(says(head + "a,M," + label + ",train\n", "deeploc_binary", "t.csv:2: the label"));
  BOOST_TEST(says(head + "a,M,nan,train\n", "thermostability", "not a number"));
  BOOST_TEST(says(head + "a,M,1,dev\n", "deeploc_binary", "t.csv:2: the split \"dev\" is unknown"));
  BOOST_TEST(says(head + "a,,1,train\n", "deeploc_binary", "t.csv:2: the sequence of \"a\" is empty"));
  BOOST_TEST(says(head + "a,M,1,train\n", "deeploc_binary", "no row of the split valid"));
  BOOST_TEST(says(head, "deeploc_binary", "no row of the split train"));
  BOOST_TEST(says(head, "melting", "There is no task \"melting\"; the tasks are: thermostability, human_ppi"));
}

BOOST_AUTO_TEST_CASE(subsamples_in_proportion) {
  const Task task = task_of(table_of_classes(), "deeploc_subcellular");
  BOOST_TEST(task.count(Split::Train) == 220);
  const Task small = subsample(task, {55, 5, 100}, 1);
  BOOST_TEST(small.count(Split::Train) == 55);
  BOOST_TEST(small.count(Split::Valid) == 5);
  BOOST_TEST(small.count(Split::Test) == 10); // fewer than allowed
  BOOST_TEST(small.sequences.size() == 70);
  std::vector<int> counts(10);
  for (const Index i : small.of(Split::Train)) ++counts[static_cast<std::size_t>(small.class_of(i))];
  for (int c = 0; c < 10; ++c) BOOST_TEST(counts[static_cast<std::size_t>(c)] == c + 1);
  const auto letters = [](const Task& t) {
    std::string all;
    for (std::size_t i = 0; i < t.examples.size(); ++i) all += t.ids[i] + ":" + t.sequences.letters(t.examples[i].first) + " ";
    return all;
  };
  BOOST_TEST(letters(small) == letters(subsample(task, {55, 5, 100}, 1)));
  BOOST_TEST(letters(small) != letters(subsample(task, {55, 5, 100}, 2)));
  BOOST_TEST(letters(subsample(task, 1000, 3)) == letters(task));
  BOOST_TEST(subsample(task, {3, 0, 0}, 1).examples.size() == 3u);
  for (std::size_t i = 0; i < small.examples.size(); ++i) { // ids still stand beside their own sequences
    std::size_t j = 0;
    while (task.ids[j] != small.ids[i]) ++j;
    BOOST_REQUIRE(task.sequences.letters(task.examples[j].first) == small.sequences.letters(small.examples[i].first));
    BOOST_REQUIRE(task.examples[j].label == small.examples[i].label);
  }
}

BOOST_AUTO_TEST_SUITE_END()

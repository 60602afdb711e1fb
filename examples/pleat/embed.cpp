/// \file  `pleat embed`: representations of the sequences of a FASTA file, streamed.

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <memory>

#include <CLI/CLI.hpp>

#include <pleat/data/fasta.hpp>
#include <pleat/data/long_policy.hpp>
#include <pleat/diffusion/schedules.hpp>
#include <pleat/io/atomic_file.hpp>
#include <pleat/io/gzip.hpp>
#include <pleat/io/mapped_file.hpp>
#include <pleat/io/rows_writer.hpp>

#include "command.hpp"
#include "registry.hpp"

namespace tool {

namespace {

struct EmbedArguments {
  std::string model, input, output, rep = "z", input_noise = "clean", pool = "none", on_long = "error:36000";
  double t = 0.3;
  Index draws = 4, shard_records = 0;
  DeviceOptions where;
  bool strict = false, resume = false, quiet = false, dry_run = false;
};

// Residues that are read, run and written before the next ones are read.
constexpr Index group_residues = 65536;

struct Group {
  pleat::SequenceSet set;
  std::vector<std::string> status;
  Index first = 0; // number of its first record in the input

  explicit Group(bool strict) : set(pleat::AlphabetPolicy{.rare_as_x = false, .keep_gaps = false, .strict = strict}) {}
};

/// Where record i of the input goes: out.safetensors, or out-00003.safetensors of a sharded output.
std::string shard_path(const std::string& output, Index shard, bool sharded) {
  if (!sharded) return output;
  const std::filesystem::path path(output);
  char number[32];
  std::snprintf(number, sizeof number, "-%05lld", static_cast<long long>(shard));
  return (path.parent_path() / (path.stem().string() + number + path.extension().string())).string();
}

class Embedding {
public:
  Embedding(const EmbedArguments& a, Reader& reader, pleat::ReadOptions reading, bool pooled, pleat::Pool pool,
            pleat::LongPolicy policy)
      : a_(a), reader_(reader), reading_(reading), pooled_(pooled), pool_(pool), policy_(policy),
        width_(pooled ? pleat::pooled_width(pool, reader.width()) : reader.width()) {
    settings_ = pleat::Json::object();
    settings_.set("model", reader.name()).set("rep", pleat::name_of(reading.reading)).set("t", reading.t);
    settings_.set("input_noise", pleat::name_of(reading.input)).set("draws", reading.draws).set("pool", a.pool);
    settings_.set("on_long", policy.text()).set("width", width_).set("shard_records", a.shard_records);
  }

  void run() {
    const bool sharded = a_.shard_records > 0;
    const Index done = a_.resume ? finished_records() : 0;
    if (done < 0) {
      std::printf("%s: is complete already\n", a_.output.c_str());
      return;
    }
    const auto source = pleat::open_input(a_.input);
    pleat::FastaReader fasta(*source);
    pleat::FastaRecord record;
    next_ = done;
    Group group(a_.strict);
    bool more = true;
    for (Index skipped = 0; skipped < done && more; ++skipped) more = fasta.next(record);
    if (more) more = fasta.next(record);
    if (!more && done > 0) return finish();
    open_shard(sharded);
    while (more) {
      group = Group(a_.strict);
      group.first = next_;
      while (more &&
             (group.set.size() == 0 || group.set.residues() + static_cast<Index>(record.sequence.size()) <= group_residues) &&
             group.set.size() < group_residues && (!sharded || group.first + group.set.size() < shard_end_)) {
        group.set.add(record.id, record.sequence, record.header);
        more = fasta.next(record);
      }
      embed(group);
      next_ += group.set.size();
      if (sharded && next_ == shard_end_ && more) close_shard(), open_shard(true);
      bar_.show(next_, 0, std::to_string(residues_) + " residues");
    }
    close_shard();
    finish();
  }

private:
  std::string manifest_path() const { return a_.output + ".json"; }

  /// Records in shards that are on disk; -1: all is done. A folder with other settings is refused.
  Index finished_records() {
    if (!std::filesystem::exists(manifest_path())) return 0;
    const pleat::MappedFile file(manifest_path());
    const pleat::Json manifest = pleat::Json::parse(file.text(), manifest_path());
    pleat::require(manifest.at("settings") == settings_, manifest_path(), ": was made with other settings (",
                   manifest.at("settings").dump(), "); choose another --output or leave out --resume.");
    if (manifest.contains("records")) return -1;
    if (a_.shard_records <= 0) return 0;
    while (std::filesystem::exists(shard_path(a_.output, shard_, true))) ++shard_;
    return shard_ * a_.shard_records;
  }

  void open_shard(bool sharded) {
    if (!started_ && !pleat::is_special_file(a_.output)) {
      pleat::Json manifest = pleat::Json::object();
      pleat::atomic_write(manifest_path(), manifest.set("settings", settings_).dump(2) + "\n");
    }
    started_ = true;
    shard_end_ = (shard_ + 1) * a_.shard_records;
    writer_ = std::make_unique<pleat::RowsWriter>(
        shard_path(a_.output, shard_, sharded), width_,
        std::vector<std::pair<std::string, std::string>>{{"format", "pleat rows"}, {"settings", settings_.dump()}});
  }
  void close_shard() {
    writer_->finish();
    writer_.reset();
    ++shard_;
  }
  void finish() {
    if (pleat::is_special_file(a_.output)) return;
    pleat::Json manifest = pleat::Json::object();
    manifest.set("settings", settings_).set("records", next_).set("shards", shard_).set("alphabet", report_.summary());
    pleat::atomic_write(manifest_path(), manifest.dump(2) + "\n");
    const std::string notes = report_.summary();
    if (!notes.empty()) std::fprintf(stderr, "%s: %s\n", a_.input.c_str(), notes.c_str());
    std::printf("%lld records (%lld empty), %lld residues, %s of width %lld, on %s: %s\n", static_cast<long long>(next_),
                static_cast<long long>(empty_), static_cast<long long>(residues_),
                pooled_ ? "one row each" : "one row per residue", static_cast<long long>(width_), reader_.device().text.c_str(),
                a_.output.c_str());
  }

  void embed(const Group& group) {
    const pleat::SequenceSet& set = group.set;
    std::vector<pleat::Piece> pieces;
    std::vector<std::pair<Index, pleat::Window>> origin; // record and window of a piece
    std::vector<Index> first_piece;
    for (Index i = 0; i < set.size(); ++i) {
      first_piece.push_back(static_cast<Index>(pieces.size()));
      for (const pleat::Window& window : policy_.windows(set.length(i), set.id(i))) {
        pieces.push_back({set.tokens(i).subspan(static_cast<std::size_t>(window.begin), static_cast<std::size_t>(window.length)),
                          static_cast<std::uint32_t>(group.first + i), window.begin});
        origin.emplace_back(i, window);
      }
    }
    first_piece.push_back(static_cast<Index>(pieces.size()));
    // What a piece becomes: its pooled vector where the record has one piece, else its rows.
    std::vector<std::vector<float>> made(pieces.size());
    const Index width = reader_.width();
    auto pooled_rows = [&](std::span<const float> rows) {
      std::vector<float> out(static_cast<std::size_t>(width_));
      pleat::pool_rows(pool_, rows, width, out);
      return out;
    };
    reader_.read(pieces, {&reading_, 1}, [&](Index piece, Index, std::span<const float> rows) {
      const auto i = static_cast<std::size_t>(origin[static_cast<std::size_t>(piece)].first);
      const bool whole = first_piece[i + 1] - first_piece[i] == 1;
      auto& to = made[static_cast<std::size_t>(piece)];
      if (whole && pooled_)
        to = pooled_rows(rows);
      else
        to.assign(rows.begin(), rows.end());
    });
    for (Index i = 0; i < set.size(); ++i) {
      const Index begin = first_piece[static_cast<std::size_t>(i)], end = first_piece[static_cast<std::size_t>(i) + 1];
      residues_ += set.length(i);
      const char* status = set.length(i) == 0                            ? "empty"
                           : policy_.kept(set.length(i)) < set.length(i) ? "truncated"
                           : end - begin > 1                             ? "windows"
                                                                         : "ok";
      if (begin == end) {
        ++empty_;
        write(set, i, {}, status);
      } else if (end - begin == 1) {
        write(set, i, made[static_cast<std::size_t>(begin)], status);
      } else {
        pleat::WindowAverage average(set.length(i), width);
        for (Index p = begin; p < end; ++p) {
          average.add(origin[static_cast<std::size_t>(p)].second, made[static_cast<std::size_t>(p)].data(), width);
          made[static_cast<std::size_t>(p)] = {};
        }
        const std::vector<float>& rows = average.finish();
        write(set, i, pooled_ ? pooled_rows(rows) : rows, status);
      }
    }
    report_ += set.report();
  }
  void write(const pleat::SequenceSet& set, Index i, const std::vector<float>& rows, const char* status) {
    for (const float value : rows)
      pleat::require(std::isfinite(value), set.id(i),
                     ": its representation is not finite; the model is damaged or the reading does not exist here.");
    writer_->add(set.id(i), set.length(i), rows, status);
  }

  const EmbedArguments& a_;
  Reader& reader_;
  pleat::ReadOptions reading_;
  bool pooled_;
  pleat::Pool pool_;
  pleat::LongPolicy policy_;
  Index width_;
  pleat::Json settings_;
  pleat::AlphabetReport report_;
  std::unique_ptr<pleat::RowsWriter> writer_;
  ProgressBar bar_;
  Index next_ = 0, shard_ = 0, shard_end_ = 0, residues_ = 0, empty_ = 0;
  bool started_ = false;
};

void print_estimates(const EmbedArguments& a, Reader& reader, const pleat::ReadOptions& reading, Index width,
                     const pleat::LongPolicy& policy) {
  const auto source = pleat::open_input(a.input);
  pleat::FastaReader fasta(*source);
  pleat::SequenceSet sample;
  Index records = 0, residues = 0, rows = 0, longest = 0;
  for (pleat::FastaRecord record; fasta.next(record); ++records) {
    const auto length = static_cast<Index>(record.sequence.size());
    residues += length, longest = (std::max)(longest, length);
    rows += a.pool == "none" ? policy.kept(length) : (length > 0 ? 1 : 0);
    if (sample.residues() < 4096 && length <= 1024) sample.add(record.id, record.sequence);
  }
  double rate = 0;
  if (sample.residues() > 0) {
    for (int turn = 0; turn < 2; ++turn) {
      const auto begin = std::chrono::steady_clock::now();
      reader.pooled(sample, {&reading, 1}, pleat::Pool::mean, 0);
      rate = static_cast<double>(sample.residues()) /
             std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    }
  }
  const Placed<ModelEntry> entry = place_model(reader.name(), a.where);
  const Index length = (std::min)(longest, policy.kind == pleat::LongPolicy::Kind::Full ? longest : policy.size);
  const MemoryFacts one = entry->memory(reader.diffuses(), {&length, 1}, reader.device().cpu_threads(), false);
  const double values = 4.0 * static_cast<double>(reader.width() * (a.pool == "none" ? (std::max)(group_residues, longest) : 0));
  std::printf("input            %lld records, %lld residues, longest %lld\n", static_cast<long long>(records),
              static_cast<long long>(residues), static_cast<long long>(longest));
  std::printf("memory           about %s = model %s + longest sequence %s + rows in flight %s%s\n",
              bytes_text(static_cast<double>(one.reading + one.inference) + values + reader.device().fixed_memory()).c_str(),
              bytes_text(static_cast<double>(one.reading)).c_str(), bytes_text(static_cast<double>(one.inference)).c_str(),
              bytes_text(values).c_str(), reader.device().fixed_memory_text().c_str());
  std::printf("disk             %s (%lld rows of width %lld, float32)\n",
              bytes_text(4.0 * static_cast<double>(rows * width)).c_str(), static_cast<long long>(rows),
              static_cast<long long>(width));
  if (rate > 0)
    std::printf("time             about %s (%.0f residues a second, measured with %s; long sequences take longer)\n",
                time_text(static_cast<double>(residues) / rate).c_str(), rate, reader.device().measured_with().c_str());
}

void embed(const EmbedArguments& a) {
  pleat::ReadOptions reading;
  pleat::LongPolicy policy;
  pleat::Pool pool = pleat::Pool::mean;
  as_usage([&] {
    reading.reading = pleat::parse_reading(a.rep);
    reading.input = pleat::parse_reading_input(a.input_noise);
    reading.t = a.t, reading.draws = a.draws;
    pleat::require_time(a.t);
    policy = pleat::LongPolicy::parse(a.on_long);
    pleat::RowsWriter::require_ending(a.output);
    if (a.pool == "mean")
      pool = pleat::Pool::mean;
    else if (a.pool == "max")
      pool = pleat::Pool::max;
    else if (a.pool == "mean-std" || a.pool == "mean+std")
      pool = pleat::Pool::mean_std;
    else
      pleat::require(a.pool == "none", "unknown pooling \"", a.pool, "\"; there are none, mean, max and mean-std.");
  });
  const std::unique_ptr<Reader> reader = open_model(a.model, a.where);
  pleat::require(reader->diffuses() || reading.reading.reading == pleat::Reading::Encoder, "reading ",
                 pleat::name_of(reading.reading), ": ", a.model,
                 " has no diffusion; use --rep z, or train one with `pleat diffuse`.");
  if (reading.reading.reading == pleat::Reading::Hidden)
    as_usage([&] {
      pleat::require(reading.reading.block <= reader->blocks(), "reading hidden:", reading.reading.block,
                     ": the denoiser has blocks 1 to ", reader->blocks(), ".");
    });
  if (a.dry_run) {
    const Index width = a.pool == "none" ? reader->width() : pleat::pooled_width(pool, reader->width());
    return print_estimates(a, *reader, reading, width, policy);
  }
  Embedding(a, *reader, reading, a.pool != "none", pool, policy).run();
}

} // namespace

void add_embed(CLI::App& app) {
  auto a = std::make_shared<EmbedArguments>();
  CLI::App& command = *app.add_subcommand("embed", "Representations of the sequences of a FASTA file, per residue or pooled.");
  command.footer(
      "Example:\n  pleat embed --model runs/nm-xs-diffusion --input proteins.fasta.gz --output proteins.safetensors \\\n"
      "              --rep eps --t 0.3 --pool mean\n\n"
      "OUT.safetensors has the tensors rows (all rows, width) and offsets (records + 1); OUT.npy the rows alone. OUT.ids.tsv "
      "beside it has\n"
      "id, length, first row, number of rows and status of every record.");
  command.add_option("--model", a->model, "folder or checkpoint of a trained model")->required();
  command.add_option("--input", a->input, "FASTA file (plain, gzip, - for standard input)")->required();
  command.add_option("--output", a->output, "file to write, .safetensors or .npy")->required();
  command.add_option("--rep", a->rep, "z, or of a diffusion: v, eps, eq8, tan, score, denoised, hidden:K")->capture_default_str();
  command.add_option("--t", a->t, "diffusion time in [0, 1]: 0 is clean, 1 is pure noise")->capture_default_str();
  command.add_option("--input-noise", a->input_noise, "what the denoiser sees: clean, scaled or noised latents")
      ->capture_default_str();
  command.add_option("--draws", a->draws, "draws of noise that --input-noise noised averages")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("--pool", a->pool, "none (one row per residue), mean, max or mean-std")->capture_default_str();
  command.add_option("--on-long", a->on_long, "error[:N], truncate[:N], window:SIZE:OVERLAP or full")->capture_default_str();
  command.add_option("--shard-records", a->shard_records, "records of an output file; 0: one file")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  add_device_options(command, a->where);
  command.add_flag("--resume", a->resume, "continue after the last complete shard");
  command.add_flag("--strict", a->strict, "characters that are no residues are errors, not X");
  command.add_flag("--dry-run", a->dry_run, "print what memory, disk and time it will take, and stop");
  command.callback([a] { embed(*a); });
}

} // namespace tool

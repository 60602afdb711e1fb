#pragma once
// Rows of sequences, to stand beside those of structures.

#include <functional>
#include <string>
#include <vector>

#include <pleat/backend/cpu/device.hpp>
#include <pleat/data/sequences.hpp>
#include <pleat/data/structure.hpp>
#include <pleat/session/ragged.hpp>

// An LSD of nano size, autoencoder or diffusion, from its checkpoint.
class LsdRows {
public:
  static constexpr pleat::Index width = 128;
  LsdRows(const std::string& path, pleat::Cpu cpu);
  const std::string& what() const { return what_; }
  // (residues, width); every chain is a sequence of the residues that were seen.
  std::vector<float> rows(const pleat::Structure& s) const;

private:
  std::string what_;
  std::function<pleat::Ragged(const pleat::SequenceSet&)> read_;
};

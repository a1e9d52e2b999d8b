#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>

#include "sandbox/telegram/bot_state.hpp"

namespace hatchery::sandbox::telegram {

/// Files that bots uploaded, so that getFile and the download find them. The oldest go when all
/// together pass 64 MiB. Not thread-safe.
class FileStore {
public:
    static constexpr std::size_t max_total_bytes = 64U << 20U;

    /// Returns the new file's id.
    std::string put(StoredFile file);
    /// Null when unknown or gone.
    [[nodiscard]] const StoredFile* find(const std::string& file_id) const;

private:
    std::map<std::string, StoredFile> files_;
    std::deque<std::string> order_;
    std::size_t total_bytes_ = 0;
    unsigned long last_number_ = 0;
};

}  // namespace hatchery::sandbox::telegram

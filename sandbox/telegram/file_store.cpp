#include "sandbox/telegram/file_store.hpp"

#include <utility>

namespace hatchery::sandbox::telegram {

std::string FileStore::put(StoredFile file) {
    const std::string file_id = "SandboxFile" + std::to_string(++last_number_);
    total_bytes_ += file.content.size();
    files_.emplace(file_id, std::move(file));
    order_.push_back(file_id);
    while (total_bytes_ > max_total_bytes && order_.size() > 1) {
        const auto oldest = files_.find(order_.front());
        total_bytes_ -= oldest->second.content.size();
        files_.erase(oldest);
        order_.pop_front();
    }
    return file_id;
}

const StoredFile* FileStore::find(const std::string& file_id) const {
    const auto found = files_.find(file_id);
    return found == files_.end() ? nullptr : &found->second;
}

}  // namespace hatchery::sandbox::telegram

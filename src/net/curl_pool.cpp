#include "net/curl_pool.hpp"

#include <curl/curl.h>

#include <algorithm>

namespace hatchery::net {

void EasyCleanup::operator()(void* handle) const { curl_easy_cleanup(handle); }
void MultiCleanup::operator()(void* handle) const { curl_multi_cleanup(handle); }

CurlLine CurlPool::take(const std::string& origin) {
    CurlLine line{.multi = {}, .easy = std::unique_ptr<void, EasyCleanup>(curl_easy_init())};
    {
        const std::scoped_lock lock(mutex_);
        const auto found = std::find_if(idle_.rbegin(), idle_.rend(),
                                        [&](const auto& entry) { return entry.first == origin; });
        if (found != idle_.rend()) {
            line.multi = std::move(found->second);
            idle_.erase(std::next(found).base());
            return line;
        }
    }
    line.multi.reset(curl_multi_init());
    if (line.multi) curl_multi_setopt(line.multi.get(), CURLMOPT_MAXCONNECTS, 1L);
    return line;
}

void CurlPool::give_back(const std::string& origin, CurlLine line) {
    // The request is over, and libcurl keeps its path in the handle: Telegram's has the token in
    // it.
    line.easy.reset();
    std::unique_ptr<void, MultiCleanup> oldest;  // closed outside the lock
    const std::scoped_lock lock(mutex_);
    idle_.emplace_back(origin, std::move(line.multi));
    if (idle_.size() > max_idle_) {
        oldest = std::move(idle_.front().second);
        idle_.pop_front();
    }
}

}  // namespace hatchery::net

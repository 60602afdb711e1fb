// What the standard headers alone cost: the measure of the machine and of its load.
#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>
int main() {}

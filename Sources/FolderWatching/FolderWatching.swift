// FolderWatching

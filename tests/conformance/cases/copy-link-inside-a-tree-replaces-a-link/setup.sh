mkdir ctx; ln -s foo ctx/link-to-data; ln -s bar ctx/link-to-one; 

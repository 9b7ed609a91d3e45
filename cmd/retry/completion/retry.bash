# bash completion for retry(1)

_retry() {
	local cur prev i word takes
	cur=${COMP_WORDS[COMP_CWORD]}
	prev=${COMP_WORDS[COMP_CWORD - 1]}
	COMPREPLY=()
	takes=' -n -i -m -b -d -j -t -w -g -r -s -u -c -o -l --attempts --initial --max-delay --backoff --delays --jitter --seed --timeout --within --grace --reset-after --retry-on --stop-on --retry-stdout --retry-stderr --stop-stdout --stop-stderr --until --consecutive --output --log --report --on-retry --on-giveup --completion '

	# From the first word that is no flag, and no flag's value, it is another command's line.
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == -- ]]; then
			((i++))
		elif [[ $takes == *" $word "* ]]; then
			((i++))
			# bash has cut a flag=value into three words.
			[[ ${COMP_WORDS[i]} == '=' ]] && ((i++))
			continue
		elif [[ $word == -* ]]; then
			continue
		fi
		if ((i <= COMP_CWORD)); then
			if declare -F _command_offset >/dev/null; then
				_command_offset "$i"
			elif ((i == COMP_CWORD)); then
				COMPREPLY=($(compgen -c -- "$cur"))
			else
				COMPREPLY=($(compgen -f -- "$cur"))
			fi
			return
		fi
	done

	if [[ $cur == '=' ]]; then
		cur=
	elif [[ $prev == '=' ]]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	case $prev in
	-n | --attempts) COMPREPLY=($(compgen -W 'unlimited' -- "$cur")) ;;
	-b | --backoff) COMPREPLY=($(compgen -W 'exponential linear constant fibonacci decorrelated' -- "$cur")) ;;
	-j | --jitter) COMPREPLY=($(compgen -W 'full equal none' -- "$cur")) ;;
	-o | --output) COMPREPLY=($(compgen -W 'stream last once' -- "$cur")) ;;
	-l | --log) COMPREPLY=($(compgen -W 'text json' -- "$cur")) ;;
	-r | --retry-on | -s | --stop-on) COMPREPLY=($(compgen -W 'timeout signal' -- "$cur")) ;;
	--report) COMPREPLY=($(compgen -f -- "$cur")) ;;
	--on-retry | --on-giveup) COMPREPLY=($(compgen -c -- "$cur")) ;;
	--completion) COMPREPLY=($(compgen -W 'bash zsh fish' -- "$cur")) ;;
	*)
		[[ $takes == *" $prev "* ]] && return
		if [[ $cur == -* ]]; then
			COMPREPLY=($(compgen -W '--attempts --initial --max-delay --backoff --delays --jitter --seed --timeout --within --grace --reset-after --retry-on --stop-on --retry-stdout --retry-stderr --stop-stdout --stop-stderr --until --until-fails --consecutive --output --quiet --verbose --log --report --on-retry --on-giveup --plan --help --man --completion --version' -- "$cur"))
		else
			COMPREPLY=($(compgen -c -- "$cur"))
		fi
		;;
	esac
}

complete -o bashdefault -o default -F _retry retry
